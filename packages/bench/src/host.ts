/**
 * Starts the process of a contender and gives it orders.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LoopLimits } from './in-flight.js'

/** One round of a farm. A contender that takes no single tasks maps instead. */
export interface Order extends LoopLimits {
  readonly by: 'submit' | 'map'
}

export interface Round {
  readonly count: number
  readonly seconds: number
  /** Of one of them, where they were timed one by one. */
  readonly medianUs?: number
  /** So long or shorter took 99 of a hundred of them. */
  readonly p99Us?: number
}

export type Reply = Round | { readonly error: string }

/** What carries out rounds. */
export interface RoundsOf<Orders> extends AsyncDisposable {
  /** @throws {Error} when the contender fails or gives a wrong result */
  run(order: Orders): Promise<Round>
}

export class Host<Orders> implements RoundsOf<Orders> {
  readonly #child: ChildProcess

  /** Runs a module that {@link serveOrders}; resolves when it does. */
  static async start<Orders>(name: string, module: URL, args: readonly string[]): Promise<Host<Orders>> {
    const host = new Host<Orders>(fork(fileURLToPath(module), args, { stdio: ['ignore', 2, 2, 'ipc'] }))
    await host.#answer(name)
    return host
  }

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  get pid(): number {
    return this.#child.pid!
  }

  async run(order: Orders): Promise<Round> {
    const answer = this.#answer('the contender')
    this.#child.send({ order })
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

/** In the process of a contender: carries out what its {@link Host} orders, until it is told to stop. */
export function serveOrders<Orders>(carryOut: (order: Orders) => Promise<Round>, stop: () => Promise<void>): void {
  process.on('message', (message: { readonly order: Orders } | 'stop') => {
    if (message === 'stop') void stop().then(() => process.disconnect())
    else
      void carryOut(message.order).then(
        (reply) => process.send?.(reply),
        (error: unknown) => process.send?.({ error: String(error) } satisfies Reply),
      )
  })
  process.on('disconnect', () => process.exit())
  process.send?.('ready')
}
