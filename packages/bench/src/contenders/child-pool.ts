/**
 * What a good programmer writes by hand: child processes, the least busy one gets the task, and what one turn of
 * microtasks gives goes out in one message.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Contender, Pool, StartOptions } from '../contender.js'
import { inFlight } from '../in-flight.js'
import { Point } from '../point.js'

/** One message: tickets and what belongs to them. */
export interface Batch {
  readonly tickets: readonly number[]
  readonly values: readonly unknown[]
}

export const childPool: Contender = {
  name: 'hand-written child_process pool',
  abilities: {
    validates: 'both ends',
    map: '256 in flight, as they come',
    deadWorker: 'is not replaced; its tasks are lost and their callers wait for ever',
  },
  start: startChildPool,
}

/** Also for the kill, which needs the process ids. */
export async function startChildPool(options: StartOptions): Promise<Required<Pool> & { readonly pids: number[] }> {
  const waiting = new Map<number, (value: unknown) => void>()
  const workers = await Promise.all(
    Array.from({ length: options.workers }, async () => new Worker(await forkWorker(options.task), waiting)),
  )
  let lastTicket = 0
  const submit = async (input: Point): Promise<Point> => {
    const value = Point.parse(input)
    const worker = workers.reduce((least, other) => (other.outstanding < least.outstanding ? other : least))
    const ticket = ++lastTicket
    const answer = await new Promise<unknown>((resolve) => {
      waiting.set(ticket, resolve)
      worker.give(ticket, value)
    })
    return Point.parse(answer)
  }
  return {
    submit,
    map: (count) => inFlight(submit, { count }),
    stop: async () => void (await Promise.all(workers.map((worker) => worker.stop()))),
    pids: workers.map(({ pid }) => pid),
  }
}

class Worker {
  outstanding = 0
  #tickets: number[] = []
  #values: unknown[] = []
  readonly #child: ChildProcess

  constructor(child: ChildProcess, waiting: Map<number, (value: unknown) => void>) {
    this.#child = child
    child.on('message', ({ tickets, values }: Batch) => {
      this.outstanding -= tickets.length
      for (const [index, ticket] of tickets.entries()) {
        waiting.get(ticket)?.(values[index])
        waiting.delete(ticket)
      }
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  give(ticket: number, value: Point): void {
    this.outstanding++
    this.#tickets.push(ticket)
    this.#values.push(value)
    if (this.#tickets.length === 1) queueMicrotask(() => this.#flush())
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }

  #flush(): void {
    const batch: Batch = { tickets: this.#tickets, values: this.#values }
    this.#tickets = []
    this.#values = []
    // What a dead worker cannot take is lost, as what it had taken is.
    if (this.#child.connected) this.#child.send(batch, () => undefined)
  }
}

async function forkWorker(task: string): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('./child-pool.worker.js', import.meta.url)), [task])
  await once(child, 'message')
  return child
}
