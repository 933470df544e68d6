/**
 * A machine with one worker on it, which reaches its farm through one bad network and is reached through another.
 */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../free-port.js'
import { isAlive } from '../is-alive.js'
import { eventually } from './eventually.js'
import { Network } from './network.js'

/** A worker and who starts it again when it dies. */
export interface Lodger {
  readonly pid: number | undefined
  /** Leaves the farm in order, and ends. */
  leave(): Promise<void>
  /** Ends without a word, and is not started again. */
  kill(): Promise<void>
}

/** Where a worker finds its farm, and is found. */
export interface Ends {
  readonly farm: string
  /** What it binds. */
  readonly inbox: string
  /** The host and port where the farm reaches that. */
  readonly advertise: string
}

export interface MachineTerms {
  /** Its kind, in the report. */
  readonly kind: string
  /** Where the farm listens. */
  readonly farmPort: number
  /** Starts the worker; resolves once the farm has welcomed it. */
  readonly start: (ends: Ends) => Promise<Lodger>
  /** Where its tasks look for what they shall do, see `mischief`; none if they cannot. */
  readonly folder?: string
}

export class Machine {
  readonly #terms: MachineTerms
  /** All processes that it has been seen to have. */
  readonly pids = new Set<number>()
  sink!: Network
  inbox!: Network
  #lodger!: Lodger

  static async start(terms: MachineTerms): Promise<Machine> {
    const machine = new Machine(terms)
    await machine.#build()
    await machine.join()
    return machine
  }

  private constructor(terms: MachineTerms) {
    this.#terms = terms
  }

  get kind(): string {
    return this.#terms.kind
  }

  get isObedient(): boolean {
    return this.#terms.folder !== undefined
  }

  get pid(): number | undefined {
    const { pid } = this.#lodger
    if (pid !== undefined) this.pids.add(pid)
    return pid
  }

  /** The process of its worker, once there is one. */
  running(): Promise<number> {
    return eventually(`a worker runs at ${this.kind}`, () => {
      const { pid } = this
      return pid !== undefined && isAlive(pid) ? pid : undefined
    })
  }

  /** At a port where it was not before. */
  async join(): Promise<void> {
    const port = await freePort()
    this.inbox.proxy.retarget(port)
    this.#lodger = await this.#terms.start({
      farm: `tcp://127.0.0.1:${this.sink.port}`,
      inbox: `tcp://127.0.0.1:${port}`,
      advertise: `127.0.0.1:${this.inbox.port}`,
    })
  }

  async leave(): Promise<void> {
    this.pids.add(this.pid ?? 0)
    await this.#lodger.leave()
  }

  async kill(): Promise<void> {
    this.pids.add(this.pid ?? 0)
    await this.#lodger.kill()
  }

  /** Has other networks from now on, at other addresses. Nobody is there meanwhile. */
  async move(): Promise<void> {
    await this.#raze()
    await this.#build()
  }

  /** Resolves when the worker that is there, or the next, has done in a task what it is told, and is dead of it. */
  async ordered(mischief: string): Promise<void> {
    for (let hasObeyed = false; !hasObeyed; ) {
      const pid = await this.running()
      const order = join(this.#terms.folder!, String(pid))
      writeFileSync(`${order}.new`, mischief)
      if (existsSync(order)) throw new Error(`${pid} has another order`)
      // It must not find half of it.
      renameSync(`${order}.new`, order)
      await eventually(`${pid} is told to ${mischief}, and dies`, () => !isAlive(pid))
      hasObeyed = !existsSync(order)
      rmSync(order, { force: true })
    }
  }

  async end(): Promise<void> {
    for (const network of [this.sink, this.inbox]) network.heal()
    await this.leave()
    await this.#raze()
  }

  async #build(): Promise<void> {
    this.sink = await Network.to(this.#terms.farmPort)
    this.inbox = await Network.to(0)
  }

  async #raze(): Promise<void> {
    await this.sink[Symbol.asyncDispose]()
    await this.inbox[Symbol.asyncDispose]()
  }
}
