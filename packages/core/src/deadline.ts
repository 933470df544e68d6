/**
 * Waiting with an end: every wait in Troupe takes a signal and a time limit, and leaves no listener and no timer.
 */
import { AbortedError, InvalidOptionsError, TimeoutError } from './errors.js'

export interface WaitOptions {
  /** Ends the wait with `ABORTED`. */
  readonly signal?: AbortSignal | undefined
  /** Ends the wait with `TIMEOUT`, in ms. 0, the default, waits for ever. */
  readonly timeoutMs?: number | undefined
}

/** What a wait is settled with. */
export interface Waiter<Value> {
  resolve(value: Value): void
  reject(reason: unknown): void
}

/** What was begun for a waiter. */
export interface Begun {
  /**
   * Gives it up. Returns false if that cannot be at once: then what was begun settles its waiter later, with `reason`
   * unless it was done after all.
   */
  cancel(reason: Error): unknown
}

/** @throws {InvalidOptionsError} `INVALID_OPTIONS` for a time that is no time and a signal that is none */
export function assertWaitOptions({ signal, timeoutMs }: WaitOptions, what: string): void {
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs >= 0 && timeoutMs < 2 ** 31)) {
    throw new InvalidOptionsError(what, [
      { path: 'timeoutMs', message: `must be from 0 to 2147483647, not ${String(timeoutMs)}` },
    ])
  }
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw new InvalidOptionsError(what, [{ path: 'signal', message: 'must be an AbortSignal' }])
  }
}

/**
 * Waits for what `begin` promises to its waiter. `cancel` is called when the signal or the time ends the wait first.
 * @throws {AbortedError} `ABORTED`, also when the signal had aborted before
 * @throws {TimeoutError} `TIMEOUT`
 */
export function waiting<Value>(
  what: string,
  options: WaitOptions,
  begin: (waiter: Waiter<Value>) => Begun,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    assertWaitOptions(options, what)
    const { signal, timeoutMs = 0 } = options
    if (signal?.aborted) throw new AbortedError(what, signal.reason)
    let timer: NodeJS.Timeout | undefined
    let settled = false
    const end = () => {
      settled = true
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    const giveUp = (reason: Error) => {
      end()
      if (begun.cancel(reason) !== false) reject(reason)
    }
    const onAbort = () => giveUp(new AbortedError(what, signal?.reason))
    const begun = begin({
      resolve: (value) => {
        end()
        resolve(value)
      },
      reject: (reason) => {
        end()
        reject(reason)
      },
    })
    // What was settled at once must leave no timer and no listener.
    if (settled) return
    signal?.addEventListener('abort', onAbort)
    if (timeoutMs > 0) timer = setTimeout(() => giveUp(new TimeoutError(what, timeoutMs)), timeoutMs)
  })
}

/** Waits for a promise, which itself goes on when the wait ends first. Same errors as {@link waiting}. */
export function within<Value>(what: string, options: WaitOptions, promise: Promise<Value>): Promise<Value> {
  return waiting<Value>(what, options, ({ resolve, reject }) => {
    promise.then(resolve, reject)
    return { cancel: () => undefined }
  })
}
