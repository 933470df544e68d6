/**
 * Starts the process of a contender and gives it orders.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Contender } from './contender.js'
import type { LoopLimits } from './in-flight.js'
import type { TaskKind } from './work.js'

/** One round. A contender that takes no single tasks maps instead. */
export interface Order extends LoopLimits {
  readonly by: 'submit' | 'map'
}

export interface Round {
  readonly count: number
  readonly seconds: number
}

export type Reply = Round | { readonly error: string }

export interface HostOptions {
  readonly task: TaskKind
  readonly workers: number
}

export class Host implements AsyncDisposable {
  readonly #child: ChildProcess

  /** Resolves when the contender's workers take tasks. */
  static async start({ name }: Contender, { task, workers }: HostOptions): Promise<Host> {
    const file = fileURLToPath(new URL('./host.main.js', import.meta.url))
    const host = new Host(fork(file, [name, task, String(workers)], { stdio: ['ignore', 2, 2, 'ipc'] }))
    await host.#answer(name)
    return host
  }

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** @throws {Error} when the contender fails or gives a wrong result */
  async run(order: Order): Promise<Round> {
    const answer = this.#answer('the contender')
    this.#child.send(order)
    const reply = (await answer) as Reply
    if ('error' in reply) throw new Error(reply.error)
    return reply
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.send('stop')
    await exited
  }

  #answer(who: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const exited = (code: number | null) => reject(new Error(`${who}: its process ended with ${code}`))
      this.#child.once('exit', exited)
      this.#child.once('message', (message) => {
        this.#child.off('exit', exited)
        resolve(message)
      })
    })
  }
}
