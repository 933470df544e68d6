/**
 * A bad network between two ends of tcp: it can cut connections, refuse new ones, keep what passes for a while, or swallow it
 * without a word, as a half-open connection does.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** What becomes of bytes: they pass, after so many ms; or nothing passes, and nobody is told. */
type Weather =
  | { readonly kind: 'open'; readonly delayMs: number }
  | { readonly kind: 'swallowing' }
  | { readonly kind: 'down' }

const FAIR: Weather = { kind: 'open', delayMs: 0 }

/** What is left of the bytes of one direction of one connection. */
export type Sieve = (bytes: Buffer) => Buffer

export class TcpProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #sieve: () => Sieve
  #target: number
  #weather: Weather = FAIR

  /** Listens on a free port of loopback and passes on to another port there. Each direction of a connection has a sieve. */
  static async to(port: number, sieve: () => Sieve = () => (bytes) => bytes): Promise<TcpProxy> {
    const proxy = new TcpProxy(port, sieve)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  private constructor(port: number, sieve: () => Sieve) {
    this.#target = port
    this.#sieve = sieve
    this.#server = createServer((near) => this.#join(near))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** From now on new connections go to another port. */
  retarget(port: number): void {
    this.#target = port
  }

  /** Cuts all connections; new ones are served. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Cuts all connections, and each new one, until `heal`. */
  down(): void {
    this.#weather = { kind: 'down' }
    this.cut()
  }

  /** Keeps the connections and loses what is sent through them, until `heal`, which cuts them. */
  swallow(): void {
    this.#weather = { kind: 'swallowing' }
  }

  /** Everything takes so much longer, until `heal`, which cuts the connections. */
  slow(delayMs: number): void {
    this.#weather = { kind: 'open', delayMs }
  }

  heal(): void {
    const wasFair = this.#weather === FAIR
    this.#weather = FAIR
    // What goes on after a hole, or overtakes what is late, would not be what was sent.
    if (!wasFair) this.cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(near: Socket): void {
    if (this.#weather.kind === 'down') return void near.destroy()
    const far = connect(this.#target, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      const sieve = this.#sieve()
      this.#sockets.add(from)
      from.on('data', (bytes) => this.#pass(sieve(bytes), to))
      from.on('error', () => undefined)
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
  }

  #pass(bytes: Buffer, to: Socket): void {
    const weather = this.#weather
    if (weather.kind !== 'open' || bytes.length === 0) return
    if (weather.delayMs === 0) return void to.write(bytes)
    setTimeout(() => to.write(bytes), weather.delayMs)
  }
}

/** What a client sends to a port, while it connects through another one. */
export async function recordedThrough(port: number, act: (through: number) => Promise<void>): Promise<Buffer> {
  const ways: Buffer[][] = []
  await using proxy = await TcpProxy.to(port, () => {
    const way: Buffer[] = []
    ways.push(way)
    return (bytes) => {
      way.push(Buffer.from(bytes))
      return bytes
    }
  })
  await act(proxy.port)
  // The first is that of who connects first.
  return Buffer.concat(ways[0] ?? [])
}
