/**
 * A queue of tasks that takes at both ends in constant time and forgets what was taken, and what was settled meanwhile.
 */
import type { Entry, TaskOwner } from './ledger.js'

/** So many that are settled may stay where they are; more, and most of all, are swept out. */
const MAX_SETTLED = 1_024

export class PendingQueue {
  #items: (Entry | undefined)[] = []
  #head = 0
  #settled = 0

  get size(): number {
    return this.#items.length - this.#head - this.#settled
  }

  push(entry: Entry): void {
    this.#items.push(entry)
  }

  /** The next task that is still wanted, left where it is. */
  peek(): Entry | undefined {
    for (let entry = this.#items[this.#head]; entry !== undefined; entry = this.#items[this.#head]) {
      if (entry.state !== 'done') return entry
      this.#settled--
      this.#advance()
    }
    return undefined
  }

  /** Takes what {@link peek} showed. */
  shift(): Entry | undefined {
    const entry = this.peek()
    if (entry !== undefined) this.#advance()
    return entry
  }

  /** Those that wait here. */
  entries(): Entry[] {
    return this.#items.filter((entry): entry is Entry => entry !== undefined && entry.state !== 'done')
  }

  /** Those of one owner that wait here. */
  of(owner: TaskOwner): Entry[] {
    return this.entries().filter((entry) => entry.owner === owner)
  }

  /** Says that one that waits here has been settled: it is passed over. */
  noteSettled(): void {
    this.#settled++
    // Behind one that waits for long, many may come and be given up.
    if (this.#settled > MAX_SETTLED && this.#settled > this.size) this.#sweep()
  }

  #sweep(): void {
    this.#items = this.entries()
    this.#head = 0
    this.#settled = 0
  }

  #advance(): void {
    this.#items[this.#head++] = undefined
    if (this.#head > 1_024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
  }
}
