/**
 * The order of tasks that have an order key: of one key one is under way, and the others wait in the order in which they
 * were given. A key of which no task is left is forgotten.
 */
import type { Entry, TaskOwner } from './ledger.js'
import { PendingQueue } from './pending-queue.js'

interface Chain {
  current: Entry
  /** Made for the first that waits: of most keys none does. */
  waiting: PendingQueue | undefined
}

export class KeyChains {
  readonly #chains = new Map<string, Chain>()
  #waiting = 0

  /** How many tasks wait for another of their key. */
  get waiting(): number {
    return this.#waiting
  }

  /** How many keys have a task under way. */
  get keys(): number {
    return this.#chains.size
  }

  /** Takes a task with a key; true if its turn has come, else it is blocked. */
  enter(entry: Entry): boolean {
    const chain = this.#chains.get(entry.orderKey!)
    if (chain === undefined) {
      this.#chains.set(entry.orderKey!, { current: entry, waiting: undefined })
      return true
    }
    entry.state = 'blocked'
    chain.waiting ??= new PendingQueue()
    chain.waiting.push(entry)
    this.#waiting++
    return false
  }

  /** A task has ended, and no worker is at it any more. Gives the one whose turn has come. */
  leave(entry: Entry): Entry | undefined {
    const chain = this.#chains.get(entry.orderKey!)
    if (chain?.current !== entry) return undefined
    const next = chain.waiting?.shift()
    if (next === undefined) {
      this.#chains.delete(entry.orderKey!)
      return undefined
    }
    this.#waiting--
    next.state = 'pending'
    chain.current = next
    return next
  }

  /** Says that one that waits has been settled. */
  noteSettled(entry: Entry): void {
    this.#chains.get(entry.orderKey!)?.waiting?.noteSettled()
    this.#waiting--
  }

  /** Those of one owner that wait. */
  of(owner: TaskOwner): Entry[] {
    return this.#all().filter((entry) => entry.owner === owner)
  }

  /** Takes all that wait, and forgets all keys. */
  takeAll(): Entry[] {
    const all = this.#all()
    this.#chains.clear()
    this.#waiting = 0
    return all
  }

  #all(): Entry[] {
    return [...this.#chains.values()].flatMap(({ waiting }) => waiting?.entries() ?? [])
  }
}
