/**
 * Asks that wait for their answers.
 */
import { errorFrom, type Waiter, type WaitOptions, waiting } from '@troupe/core'
import type { Answer } from './letter.js'

export class Asks {
  // Made when the first comes: most actors are never asked.
  #waiting: Map<number, Waiter<unknown>> | undefined
  #last = 0

  /**
   * Asks by `put`, which is given the number of the ask, and waits for the answer. `giveUp` is called when the wait ends
   * first: an answer that comes later is dropped.
   */
  ask(what: string, wait: WaitOptions, put: (id: number) => Promise<void>, giveUp: () => void): Promise<unknown> {
    const id = ++this.#last
    return waiting<unknown>(what, wait, (waiter) => {
      this.#waiting ??= new Map()
      this.#waiting.set(id, waiter)
      put(id).catch((error: unknown) => this.#settle(id)?.reject(error))
      return {
        cancel: () => {
          this.#settle(id)
          giveUp()
        },
      }
    })
  }

  answered(id: number, answer: Answer): void {
    const waiter = this.#settle(id)
    if ('error' in answer) waiter?.reject(errorFrom(answer.error))
    else waiter?.resolve(answer.value)
  }

  /** Whoever still waits gets this. */
  failAll(error: Error): void {
    for (const id of [...(this.#waiting?.keys() ?? [])]) this.fail(id, error)
  }

  /** Whoever waits for another ask than these gets this. */
  failOthers(ids: ReadonlySet<number>, error: Error): void {
    for (const id of [...(this.#waiting?.keys() ?? [])]) if (!ids.has(id)) this.fail(id, error)
  }

  fail(id: number, error: Error): void {
    this.#settle(id)?.reject(error)
  }

  #settle(id: number): Waiter<unknown> | undefined {
    const waiter = this.#waiting?.get(id)
    this.#waiting?.delete(id)
    return waiter
  }
}
