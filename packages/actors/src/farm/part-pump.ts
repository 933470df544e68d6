/**
 * Runs the generator of one try: takes its parts as far as the farm allows, checks them, and gives its output.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { z } from 'zod'
import { misfit } from './fit.js'
import type { Updates } from './updates.js'

/** A generator that waits for nothing leaves the event loop a turn so often, in ms. */
const TURN_EVERY_MS = 10

/** A part does not fit its schema, or cannot be encoded. */
export class BadPart extends Error {}

export interface PumpTerms {
  readonly ticket: number
  readonly partial: z.ZodType
  /** Up to which part it may go; 0 if nobody wants them: they are checked and dropped. */
  readonly allowed: number
  readonly updates: Updates
}

export class PartPump {
  readonly #terms: PumpTerms
  #allowed: number
  #sent = 0
  #turnedMs = performance.now()
  #aborted: { readonly reason: unknown } | undefined
  #wake: (() => void) | undefined

  constructor(terms: PumpTerms) {
    this.#terms = terms
    this.#allowed = terms.allowed === 0 ? Number.POSITIVE_INFINITY : terms.allowed
  }

  /** It may go up to this part. */
  allow(upTo: number): void {
    this.#allowed = Math.max(this.#allowed, upTo)
    this.#wake?.()
  }

  /** It is to end: its generator is returned from where it stands. */
  abort(reason: unknown): void {
    this.#aborted ??= { reason }
    this.#wake?.()
  }

  /** Resolves with the output. */
  async drain(generator: AsyncGenerator<unknown, unknown, unknown>): Promise<unknown> {
    while (this.#aborted === undefined) {
      if (this.#sent >= this.#allowed) {
        await new Promise<void>((resolve) => (this.#wake = resolve))
        continue
      }
      const { done, value } = await generator.next()
      if (done === true) return this.#end(value)
      await this.#take(value)
    }
    await generator.return(undefined)
    throw this.#aborted.reason
  }

  /** Only now it is known whether all of its parts can be encoded. */
  #end(value: unknown): unknown {
    if (this.#terms.allowed > 0) this.#terms.updates.flush()
    if (this.#aborted?.reason instanceof BadPart) throw this.#aborted.reason
    return value
  }

  async #take(value: unknown): Promise<void> {
    // What a try says after it was told to end is of no use to anybody.
    if (this.#aborted !== undefined) return
    const { ticket, partial, allowed, updates } = this.#terms
    const why = misfit(partial, value)
    this.#sent++
    if (why !== undefined) return this.abort(new BadPart(`as its part ${this.#sent} ${why}`))
    if (allowed > 0) updates.part(ticket, value)
    if (performance.now() - this.#turnedMs < TURN_EVERY_MS) return
    updates.flush()
    await nextTurn()
    this.#turnedMs = performance.now()
  }
}

export const isGenerator = (value: unknown): value is AsyncGenerator<unknown, unknown, unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'return' in value
