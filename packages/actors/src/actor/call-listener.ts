/**
 * Calls what a user gave to be told something, and lets it harm nobody else.
 */
import { isThenable } from './is-thenable.js'

/** `failed` is told what the listener throws, and what a promise that it returns rejects with. */
export function callListener(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const given = call()
    if (isThenable(given)) given.then(undefined, failed)
  } catch (error) {
    failed(error)
  }
}
