/**
 * One direction of a pipe in memory: a bounded queue in which the sender waits for room and the receiver for a value.
 */
import { ClosedError, codecOf, deferred, type Waiter, type WaitOptions, waiting } from '@troupe/core'

export class Channel {
  readonly #what: string
  #limit: number
  readonly #values: unknown[] = []
  readonly #takers: Waiter<{ value: unknown } | undefined>[] = []
  readonly #putters: { readonly value: unknown; readonly waiter: Waiter<void> }[] = []
  #ended = false
  readonly #end = deferred()

  constructor(what: string, limit: number) {
    this.#what = what
    this.#limit = limit
  }

  /** Resolves when it has ended, which does not wait for what is in it to be taken. */
  get ended(): Promise<void> {
    return this.#end.promise
  }

  /** Puts a value in, in order; resolves when there was room. @throws {ClosedError} `CLOSED` when it has ended */
  put(value: unknown, options: WaitOptions = {}): Promise<void> {
    return waiting<void>(`a send on ${this.#what}`, options, (waiter) => {
      const putter = { value, waiter }
      if (this.#ended) waiter.reject(new ClosedError(this.#what))
      else {
        this.#putters.push(putter)
        this.#move()
      }
      return { cancel: () => remove(this.#putters, putter) }
    })
  }

  /** Takes the next value; undefined when it has ended and all was taken. */
  take(options: WaitOptions = {}): Promise<{ value: unknown } | undefined> {
    return waiting<{ value: unknown } | undefined>(`a receive on ${this.#what}`, options, (waiter) => {
      this.#takers.push(waiter)
      this.#move()
      return { cancel: () => remove(this.#takers, waiter) }
    })
  }

  /** Ends it: what is in it can still be taken, and what waits for room comes in; nothing more can be put. */
  end(): void {
    this.#ended = true
    this.#end.resolve()
    this.#move()
  }

  /** Ends it for good, when nobody takes any more: what waits for room is refused. */
  close(): void {
    for (const { waiter } of this.#putters.splice(0)) waiter.reject(new ClosedError(this.#what))
    this.end()
  }

  /** Lets in all that waits, for the last values of one who is about to go. */
  unbound(): void {
    this.#limit = Number.POSITIVE_INFINITY
    this.#move()
  }

  #move(): void {
    for (;;) {
      while (this.#putters.length > 0 && this.#values.length < this.#limit) {
        const { value, waiter } = this.#putters.shift()!
        this.#values.push(value)
        waiter.resolve()
      }
      if (this.#takers.length === 0 || this.#values.length === 0) break
      this.#takers.shift()!.resolve({ value: this.#values.shift() })
    }
    if (this.#ended && this.#values.length === 0) for (const taker of this.#takers.splice(0)) taker.resolve(undefined)
  }
}

/** Takes an element out of a list; says whether it was there. */
function remove<Element>(list: Element[], element: Element): boolean {
  const index = list.indexOf(element)
  if (index >= 0) list.splice(index, 1)
  return index >= 0
}

const msgpack = codecOf('msgpack')

/** A copy of a message, as it would be after a process's pipe: plain data. @throws {TroupeError} `ENCODE_FAILED` */
export const copied = (message: unknown): unknown => msgpack.decode([msgpack.encode(message) as Uint8Array])
