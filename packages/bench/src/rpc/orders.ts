/**
 * What a client's process is told to do. Every answer is checked.
 */
import type { Round } from '../host.js'
import { median, percentile } from '../statistics.js'
import { assertSame, messageOf } from './message.js'
import type { Rpc, RpcClient } from './rpc-contender.js'

export type RpcOrder =
  /** A closed loop of so many callers, each of which calls again when it was answered. */
  | { readonly act: 'call'; readonly callers: number; readonly forMs: number }
  /** One call after the other. */
  | { readonly act: 'lone'; readonly count: number }
  /** A stream of so many messages. */
  | { readonly act: 'read'; readonly count: number }
  /** So many further clients, each of which calls once and is kept. */
  | { readonly act: 'open'; readonly count: number }
  /** A call of each client that is kept. */
  | { readonly act: 'callKept' }

/** The clients of one process. */
export class Clients {
  readonly #rpc: Rpc
  readonly #address: string
  readonly #first: RpcClient
  readonly #kept: RpcClient[] = []
  #next = 0

  /** Resolves when the first client was answered. */
  static async start(rpc: Rpc, address: string): Promise<Clients> {
    const clients = new Clients(rpc, address, await rpc.connect(address))
    await clients.#call(clients.#first)
    return clients
  }

  private constructor(rpc: Rpc, address: string, first: RpcClient) {
    this.#rpc = rpc
    this.#address = address
    this.#first = first
  }

  /** @throws {Error} when an answer is not the right one */
  async carryOut(order: RpcOrder): Promise<Round> {
    if (order.act === 'lone') return await this.#callOneByOne(order.count)
    const began = performance.now()
    const count = await this.#run(order)
    return { count, seconds: (performance.now() - began) / 1_000 }
  }

  #run(order: Exclude<RpcOrder, { act: 'lone' }>): Promise<number> {
    if (order.act === 'call') return this.#callTogether(order.callers, order.forMs)
    if (order.act === 'read') return this.#read(order.count)
    if (order.act === 'open') return this.#open(order.count)
    return this.#callKept()
  }

  async #call(client: RpcClient): Promise<void> {
    const question = messageOf(this.#next++)
    assertSame(await client.call(question), question)
  }

  async #callTogether(callers: number, forMs: number): Promise<number> {
    const first = this.#next
    const end = performance.now() + forMs
    const caller = async () => {
      do await this.#call(this.#first)
      while (performance.now() < end)
    }
    await Promise.all(Array.from({ length: callers }, caller))
    return this.#next - first
  }

  async #callOneByOne(count: number): Promise<Round> {
    const tookUs: number[] = []
    const began = performance.now()
    while (tookUs.length < count) {
      const from = performance.now()
      await this.#call(this.#first)
      tookUs.push((performance.now() - from) * 1_000)
    }
    const seconds = (performance.now() - began) / 1_000
    return { count, seconds, medianUs: median(tookUs), p99Us: percentile(tookUs, 0.99) }
  }

  async #read(count: number): Promise<number> {
    let next = 0
    await this.#first.read!(count, (message) => assertSame(message, messageOf(next++)))
    if (next !== count) throw new Error(`${next} messages came of ${count}`)
    return count
  }

  async #open(count: number): Promise<number> {
    for (let opened = 0; opened < count; opened++) {
      const client = await this.#rpc.connect(this.#address)
      this.#kept.push(client)
      await this.#call(client)
    }
    return count
  }

  async #callKept(): Promise<number> {
    for (const client of this.#kept) await this.#call(client)
    return this.#kept.length
  }
}
