/**
 * The transitions of a tree, to be read at one's own pace.
 */
import { parseOptions } from '@troupe/core'
import { z } from 'zod'
import { Mailbox } from '../actor/mailbox.js'
import type { Transition, TransitionObserver } from './observatory.js'

export const TransitionFeedOptions = z.strictObject({
  /** How many transitions it holds for its reader; then the oldest is dropped for each new one. */
  limit: z.number().int().positive().default(10_000),
  /** Ends the read that waits: it raises `ABORTED`. */
  signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, 'must be an AbortSignal').optional(),
})

export type TransitionFeedOptions = z.input<typeof TransitionFeedOptions>

/** Reads the transitions from when it was made; ends with the tree, and is closed by leaving the loop. */
export class TransitionFeed implements AsyncIterable<Transition>, Disposable {
  readonly #signal: AbortSignal | undefined
  readonly #mailbox: Mailbox<Transition>
  readonly #end: () => void
  #dropped = 0

  /** `listen` tells the transitions from now on, and returns what ends that. */
  constructor(options: TransitionFeedOptions, listen: (observer: TransitionObserver) => () => void) {
    const { limit, signal } = parseOptions(TransitionFeedOptions, options, 'a feed of transitions')
    this.#signal = signal
    this.#mailbox = new Mailbox({ what: 'a feed of transitions', limit })
    this.#end = listen({ next: (transition) => this.#came(transition), complete: () => this.#mailbox.end() })
  }

  /** How many transitions were dropped, because its reader was too slow. */
  get dropped(): number {
    return this.#dropped
  }

  /** @throws {TroupeError} `ABORTED` */
  async *[Symbol.asyncIterator](): AsyncGenerator<Transition, void> {
    try {
      for (let next = await this.#take(); next !== undefined; next = await this.#take()) yield next
    } finally {
      this.close()
    }
  }

  /** Listens no more. What it holds can still be read. */
  close(): void {
    this.#end()
    this.#mailbox.end()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #came(transition: Transition): void {
    if (this.#mailbox.offer(transition)) return
    this.#mailbox.poll()
    this.#dropped++
    this.#mailbox.offer(transition)
  }

  #take(): Promise<Transition | undefined> {
    return this.#mailbox.take(this.#signal && { signal: this.#signal })
  }
}
