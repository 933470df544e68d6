/**
 * A server and a client, each in a process of its own.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Host, type Round, type RoundsOf } from '../host.js'
import { peakRssMib } from '../process-tree.js'
import type { RpcOrder } from './orders.js'
import type { RpcContender } from './rpc-contender.js'

const SERVER = fileURLToPath(new URL('./server.main.js', import.meta.url))
const CLIENT = new URL('./client.main.js', import.meta.url)

export class ServerProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  /** What a client needs to find it. */
  readonly address: string
  /** Rejects when it ends. */
  readonly #ended: Promise<never>

  /** Resolves when it serves. */
  static async start({ name }: RpcContender): Promise<ServerProcess> {
    const child = fork(SERVER, [name], { stdio: ['ignore', 2, 2, 'ipc'] })
    const [first] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown]
    if (typeof first !== 'string') throw new Error(`${name}: its server ended with ${first}`)
    return new ServerProcess(name, child, first)
  }

  private constructor(name: string, child: ChildProcess, address: string) {
    this.#child = child
    this.address = address
    this.#ended = once(child, 'exit').then(([code]) => {
      throw new Error(`${name}: its server ended with ${code}`)
    })
    this.#ended.catch(() => undefined)
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** @throws {Error} when it ends before the work does */
  during<Value>(work: Promise<Value>): Promise<Value> {
    return Promise.race([work, this.#ended])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }
}

/** Resolves when its first call was answered. */
export const startClients = ({ name }: RpcContender, { address }: ServerProcess): Promise<Host<RpcOrder>> =>
  Host.start(name, CLIENT, [name, address])

export class Pair implements RoundsOf<RpcOrder> {
  readonly #server: ServerProcess
  readonly #client: Host<RpcOrder>
  /** The most that each ever held, as of the last round, in MiB. */
  peaks = { client: 0, server: 0 }

  static async start(contender: RpcContender): Promise<Pair> {
    const server = await ServerProcess.start(contender)
    try {
      return new Pair(server, await startClients(contender, server))
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(server: ServerProcess, client: Host<RpcOrder>) {
    this.#server = server
    this.#client = client
  }

  async run(order: RpcOrder): Promise<Round> {
    const round = await this.#server.during(this.#client.run(order))
    this.peaks = { client: peakRssMib(this.#client.pid), server: peakRssMib(this.#server.pid) }
    return round
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]()
    await this.#server[Symbol.asyncDispose]()
  }
}
