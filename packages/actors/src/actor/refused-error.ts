/**
 * The answer of an actor that lives and does not do what it was asked.
 */
import { TroupeError } from '@troupe/core/kernel'

/** Thrown by a handler's `receive`: who asked is told, and the actor goes on. `code` is `REFUSED`. */
export class RefusedError extends TroupeError {
  override readonly name = 'RefusedError'

  constructor(message: string, options: { readonly cause?: unknown; readonly retryable?: boolean } = {}) {
    super('REFUSED', message, options)
  }
}
