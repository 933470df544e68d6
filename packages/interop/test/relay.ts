/**
 * A TCP relay whose connections can be cut, so that what is under way in them is lost.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export class Relay implements AsyncDisposable {
  readonly #server: Server
  #endpoint: string
  readonly #sockets = new Set<Socket>()
  #isCutting = false
  #lostBytes = 0

  /** @param endpoint where it leads to, `tcp://host:port` */
  static async start(endpoint: string): Promise<Relay> {
    const relay = new Relay(endpoint)
    await once(relay.#server.listen(0, '127.0.0.1'), 'listening')
    return relay
  }

  private constructor(endpoint: string) {
    this.#endpoint = endpoint
    this.#server = createServer((near) => {
      const { hostname, port } = new URL(this.#endpoint)
      const far = connect(Number(port), hostname)
      near.on('data', (chunk) => this.#pass(chunk, far))
      far.pipe(near)
      for (const one of [near, far]) this.#keep(one)
    })
  }

  get endpoint(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** What came from who connected, and was never passed on. */
  get lostBytes(): number {
    return this.#lostBytes
  }

  /** Leads the connections that come from now on elsewhere. */
  leadTo(endpoint: string): void {
    this.#endpoint = endpoint
  }

  /** Loses what comes next from who connected, and resets all connections. */
  cut(): void {
    this.#isCutting = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#reset()
    await once(this.#server, 'close')
  }

  #pass(chunk: Buffer, far: Socket): void {
    if (!this.#isCutting) {
      far.write(chunk)
      return
    }
    this.#isCutting = false
    this.#lostBytes += chunk.length
    this.#reset()
  }

  #reset(): void {
    for (const one of this.#sockets) one.resetAndDestroy()
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
  }
}
