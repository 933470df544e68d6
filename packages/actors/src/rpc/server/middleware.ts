/**
 * What stands around handlers: authentication, logs, metrics.
 */
import type { CallContext } from '../call-context.js'

export interface MiddlewareCall {
  readonly procedure: string
  /** Parsed by its schema. */
  readonly input: unknown
  readonly context: CallContext
}

/**
 * Stands around a call: `next` runs what is inside, and gives its output (with a stream out, the iterable). What it throws
 * is what the call fails with: a `RefusedError` refuses it.
 * @example
 * const timed: Middleware = async ({ procedure, context }, next) => {
 *   const began = performance.now()
 *   try { return await next() } finally { context.log.info({ procedure, ms: performance.now() - began }) }
 * }
 */
export type Middleware = (call: MiddlewareCall, next: () => unknown) => unknown

/** Runs a call through what stands around it, the first outermost. */
export function through(middleware: readonly Middleware[], call: MiddlewareCall, handle: () => unknown): unknown {
  const at = (index: number): unknown => {
    const one = middleware[index]
    if (one === undefined) return handle()
    let isDone = false
    return one(call, () => {
      if (isDone) throw new Error('a middleware may call next once')
      isDone = true
      return at(index + 1)
    })
  }
  return at(0)
}
