/**
 * A stream that comes in: what has come waits for its consumer, and as that takes, the sender gets credit for more.
 */

export interface InflowPort {
  /** So many more items may be sent. */
  credit(count: number): void
  /** Nobody wants the rest. */
  abandoned(): void
}

interface Taker<Value> {
  resolve(result: IteratorResult<Value, undefined>): void
  reject(reason: unknown): void
}

const DONE: IteratorResult<never, undefined> = { done: true, value: undefined }

export class Inflow<Value> implements AsyncIterableIterator<Value, undefined> {
  readonly #port: InflowPort
  readonly #window: number
  #items: Value[] = []
  #next = 0
  /** Those that wait for an item, in order. */
  #takers: Taker<Value>[] = []
  /** What was taken and not given back as credit. */
  #taken = 0
  #end: { readonly error?: unknown } | undefined

  constructor(window: number, port: InflowPort) {
    this.#window = window
    this.#port = port
  }

  /** Whether nothing more will come. */
  get hasEnded(): boolean {
    return this.#end !== undefined
  }

  item(value: Value): void {
    if (this.#end !== undefined) return
    const taker = this.#takers.shift()
    if (taker === undefined) {
      this.#items.push(value)
      return
    }
    this.#repay()
    taker.resolve({ done: false, value })
  }

  /** No item will come after those that have. */
  end(): void {
    this.#finish({})
  }

  /** What has come is still given, then `error` is thrown. */
  fail(error: unknown): void {
    this.#finish({ error })
  }

  /** Gives up what has come, and `error` is thrown. */
  drop(error: unknown): void {
    this.#items = []
    this.#next = 0
    this.#finish({ error })
  }

  next(): Promise<IteratorResult<Value, undefined>> {
    if (this.#next < this.#items.length) {
      const value = this.#items[this.#next++]!
      if (this.#next === this.#items.length) {
        this.#items = []
        this.#next = 0
      }
      this.#repay()
      return Promise.resolve({ done: false, value })
    }
    if (this.#end !== undefined) return this.#lastWord()
    return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }))
  }

  /** Gives up what has come and what would. */
  return(): Promise<IteratorResult<Value, undefined>> {
    const abandoned = this.#end === undefined
    this.#end = {}
    this.#items = []
    this.#next = 0
    for (const taker of this.#takers.splice(0)) taker.resolve(DONE)
    if (abandoned) this.#port.abandoned()
    return Promise.resolve(DONE)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  #finish(end: { readonly error?: unknown }): void {
    if (this.#end !== undefined) return
    this.#end = end
    for (const [index, taker] of this.#takers.splice(0).entries()) {
      // The failure is told once, as a generator does.
      if (index === 0 && 'error' in end) {
        this.#end = {}
        taker.reject(end.error)
      } else taker.resolve(DONE)
    }
  }

  #lastWord(): Promise<IteratorResult<Value, undefined>> {
    const end = this.#end!
    this.#end = {}
    return 'error' in end ? Promise.reject(end.error) : Promise.resolve(DONE)
  }

  /** Half of the window at a time: a credit for each item would be a frame for each. */
  #repay(): void {
    this.#taken++
    if (this.#end !== undefined || this.#taken < Math.ceil(this.#window / 2)) return
    const count = this.#taken
    this.#taken = 0
    this.#port.credit(count)
  }
}
