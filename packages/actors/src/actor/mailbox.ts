/**
 * A bounded queue between two who go at their own pace: who puts waits for room, or what the policy says, and who takes
 * waits for something to be there.
 */
import {
  ClosedError,
  type Deferred,
  deferred,
  TroupeError,
  type Waiter,
  type WaitOptions,
  waiting,
} from '@troupe/core/kernel'

/** What becomes of an item that finds no room. */
export const WHEN_FULL = ['wait', 'drop_oldest', 'drop_newest', 'fail'] as const
export type WhenFull = (typeof WHEN_FULL)[number]

export interface MailboxTerms<Item> {
  /** What errors call it. */
  readonly what: string
  readonly limit: number
  readonly whenFull?: WhenFull
  /** Told of what the policy drops. */
  dropped?(item: Item): void
  /** Whether an item must not be dropped to make room. */
  keeps?(item: Item): boolean
  /** Told of each item that is taken. */
  taken?(): void
}

const DONE: Promise<void> = Promise.resolve()
const NO_WAIT: WaitOptions = {}
/** When more than this of the list has been taken, the rest moves to its front. */
const COMPACT_AT = 1_024

export class Mailbox<Item extends object> {
  readonly #terms: MailboxTerms<Item>
  #limit: number
  /** What is before the head has been taken. */
  #items: (Item | undefined)[] = []
  #head = 0
  readonly #takers: Pick<Waiter<Item | undefined>, 'resolve'>[] = []
  readonly #putters: { readonly item: Item; readonly waiter: Waiter<void> }[] = []
  #isEnded = false
  #end: Deferred<void> | undefined

  constructor(terms: MailboxTerms<Item>) {
    this.#terms = terms
    this.#limit = terms.limit
  }

  /** How many items are in it. */
  get size(): number {
    return this.#items.length - this.#head
  }

  /** Resolves when it has ended, which does not wait for what is in it to be taken. */
  get ended(): Promise<void> {
    this.#end ??= deferred()
    if (this.#isEnded) this.#end.resolve()
    return this.#end.promise
  }

  /**
   * Puts an item in, in order; resolves when it is in, or when the policy has dropped something.
   * @throws {TroupeError} `CLOSED` when it has ended, `QUEUE_FULL` by the policy `fail`, `ABORTED`, `TIMEOUT`
   */
  put(item: Item, wait: WaitOptions = NO_WAIT): Promise<void> {
    if (wait === NO_WAIT && this.#hasRoom) {
      this.#push(item)
      return DONE
    }
    return waiting<void>(`a send on ${this.#terms.what}`, wait, (waiter) => {
      const putter = { item, waiter }
      if (this.#isEnded) waiter.reject(new ClosedError(this.#terms.what))
      else if (this.#hasRoom) {
        this.#push(item)
        waiter.resolve()
      } else this.#full(putter)
      return { cancel: () => removeFrom(this.#putters, putter) }
    })
  }

  /** Puts an item in if there is room; says whether there was. */
  offer(item: Item): boolean {
    const hasRoom = this.#hasRoom
    if (hasRoom) this.#push(item)
    return hasRoom
  }

  /** Puts an item in whether there is room or not; says whether it has not ended. */
  force(item: Item): boolean {
    if (!this.#isEnded) this.#push(item)
    return !this.#isEnded
  }

  /** Puts items back to where they were taken from. */
  putBack(items: readonly Item[]): void {
    this.#items = [...items, ...this.#items.slice(this.#head)]
    this.#head = 0
    while (this.#takers.length > 0 && this.size > 0) this.#takers.shift()!.resolve(this.poll())
  }

  /** Takes the next item, if there is one now. */
  poll(): Item | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    if (this.#head === this.#items.length || this.#head > COMPACT_AT) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    this.#admit()
    this.#terms.taken?.()
    return item
  }

  /** Takes the next item; undefined when it has ended and all was taken. @throws {TroupeError} `ABORTED`, `TIMEOUT` */
  take(wait: WaitOptions = NO_WAIT): Promise<Item | undefined> {
    // What idle actors wait with: without an end to the wait there is little to it.
    if (wait === NO_WAIT) return new Promise((resolve) => this.#giveTo({ resolve }))
    return waiting<Item | undefined>(`a receive on ${this.#terms.what}`, wait, (waiter) => {
      this.#giveTo(waiter)
      return { cancel: () => removeFrom(this.#takers, waiter) }
    })
  }

  /** Takes an item out of the queue, also one that waits for room; says whether it was there. */
  remove(item: Item): boolean {
    const index = this.#items.indexOf(item, this.#head)
    if (index >= 0) {
      this.#items.splice(index, 1)
      this.#admit()
      return true
    }
    const putter = this.#putters.find((one) => one.item === item)
    if (putter === undefined) return false
    removeFrom(this.#putters, putter)
    putter.waiter.resolve()
    return true
  }

  /** What is in it, and what waits for room. */
  get contents(): Item[] {
    return [...(this.#items.slice(this.#head) as Item[]), ...this.#putters.map(({ item }) => item)]
  }

  /** Ends it: what is in it can still be taken, and what waits for room comes in; nothing more can be put. */
  end(): void {
    this.#isEnded = true
    this.#end?.resolve()
    if (this.size === 0) this.release()
  }

  /** Ends it for good, when nobody takes any more: what waits for room is refused. Gives what was left in it. */
  close(): Item[] {
    for (const { waiter } of this.#putters.splice(0)) waiter.reject(new ClosedError(this.#terms.what))
    const rest = this.#items.slice(this.#head) as Item[]
    this.#items = []
    this.#head = 0
    this.end()
    return rest
  }

  /** Lets go of who waits to take, with nothing. */
  release(): void {
    for (const taker of this.#takers.splice(0)) taker.resolve(undefined)
  }

  /** Lets in all that waits, for the last items of one who is about to go. */
  unbound(): void {
    this.#limit = Number.POSITIVE_INFINITY
    this.#admit()
  }

  get #hasRoom(): boolean {
    return !this.#isEnded && this.#putters.length === 0 && this.size < this.#limit
  }

  #push(item: Item): void {
    if (this.#takers.length === 0) this.#items.push(item)
    else {
      this.#takers.shift()!.resolve(item)
      this.#terms.taken?.()
    }
  }

  #giveTo(waiter: Pick<Waiter<Item | undefined>, 'resolve'>): void {
    const item = this.poll()
    if (item !== undefined || this.#isEnded) waiter.resolve(item)
    else this.#takers.push(waiter)
  }

  #admit(): void {
    while (this.#putters.length > 0 && this.size < this.#limit) {
      const { item, waiter } = this.#putters.shift()!
      this.#push(item)
      waiter.resolve()
    }
  }

  #full(putter: { readonly item: Item; readonly waiter: Waiter<void> }): void {
    const { whenFull = 'wait', what, limit } = this.#terms
    switch (whenFull) {
      case 'wait':
        this.#putters.push(putter)
        return
      case 'fail':
        return putter.waiter.reject(
          new TroupeError('QUEUE_FULL', `${what} holds ${limit} messages and takes no more`, { retryable: true }),
        )
      case 'drop_newest':
        this.#terms.dropped?.(putter.item)
        return putter.waiter.resolve()
      case 'drop_oldest':
        this.#dropOldest()
        this.#push(putter.item)
        return putter.waiter.resolve()
    }
  }

  #dropOldest(): void {
    let index = this.#head
    while (index < this.#items.length && this.#terms.keeps?.(this.#items[index]!) === true) index++
    const [oldest] = index === this.#head ? [this.poll()] : this.#items.splice(index, 1)
    if (oldest !== undefined) this.#terms.dropped?.(oldest)
  }
}

/** Takes an element out of a list; says whether it was there. */
function removeFrom<Element>(list: Element[], element: Element): boolean {
  const index = list.indexOf(element)
  if (index >= 0) list.splice(index, 1)
  return index >= 0
}
