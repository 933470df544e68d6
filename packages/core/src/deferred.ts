/**
 * A promise that is settled from outside. (Promise.withResolvers is not in Node 20.)
 */
export interface Deferred<Value> {
  readonly promise: Promise<Value>
  resolve(value: Value): void
  reject(reason: unknown): void
}

/** A new one. That nobody waits for it is no error: a rejection is kept for whoever comes. */
export function deferred<Value = void>(): Deferred<Value> {
  let resolve!: (value: Value) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes
    reject = no
  })
  promise.catch(() => undefined)
  return { promise, resolve: (value) => resolve(value), reject: (reason) => reject(reason) }
}
