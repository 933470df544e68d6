/**
 * A bad network that ZeroMQ speaks through. Beside what befalls its connections it can lose single messages out of one that lives on.
 */
import { type Sieve, TcpProxy } from '../tcp-proxy.js'
import { ZmtpSplitter } from './zmtp-splitter.js'

interface Loss {
  readonly word: string
  readonly happened: () => void
}

export class Network implements AsyncDisposable {
  #losses: Loss[] = []
  #proxy!: TcpProxy

  /** Leads to this port of loopback. */
  static async to(port: number): Promise<Network> {
    const network = new Network()
    network.#proxy = await TcpProxy.to(port, () => network.#sieve())
    return network
  }

  get proxy(): TcpProxy {
    return this.#proxy
  }

  get port(): number {
    return this.#proxy.port
  }

  /** Loses the next message that has this word in it; resolves when it has. */
  lose(word: string): Promise<void> {
    return new Promise((happened) => this.#losses.push({ word, happened }))
  }

  /** All passes again. */
  heal(): void {
    this.#losses = []
    this.#proxy.heal()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy[Symbol.asyncDispose]()
  }

  #sieve(): Sieve {
    const splitter = new ZmtpSplitter()
    return (bytes) => Buffer.concat(splitter.push(bytes).filter((message) => !this.#isLost(message)))
  }

  #isLost(message: Buffer): boolean {
    const loss = this.#losses.find(({ word }) => message.includes(word))
    if (loss === undefined) return false
    this.#losses.splice(this.#losses.indexOf(loss), 1)
    loss.happened()
    return true
  }
}
