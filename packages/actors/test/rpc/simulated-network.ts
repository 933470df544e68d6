/**
 * Servers, and a network between them and a client, on a simulated clock: frames are late, lost, doubled and overtaken, connections
 * are cut, servers freeze, die and start again, all from one seed.
 */

import type { Contract, Handlers } from '@troupe/actors/rpc'
import { type Logger, resolveLog, type SimulatedClock } from '@troupe/core'
import type { Seeded } from '@troupe/testing/seeded'
import { ClientCore } from '../../dist/rpc/client/client-core.js'
import { ConnectOptions } from '../../dist/rpc/client/connect.options.js'
import type { LinkEvents, ServerLink } from '../../dist/rpc/client/upstream.js'
import { implement } from '../../dist/rpc/handlers.js'
import { InlineExecutor } from '../../dist/rpc/server/inline-executor.js'
import { ServerCore } from '../../dist/rpc/server/server-core.js'
import type { Session } from '../../dist/rpc/server/session.js'

const OPTIONS = {
  concurrency: 20,
  maxQueued: 20,
  window: 4,
  maxMessageBytes: 100_000,
  heartbeatMs: 50,
  livenessMs: 200,
  maxCallsPerClient: 1_000,
  maxStreamsPerClient: 1_000,
  maxHeldBytesPerClient: 1_000_000,
  handshakeTimeoutMs: 10_000,
}

/** How often of a thousand frames something befalls one. */
export interface Weather {
  readonly lost: number
  readonly doubled: number
  readonly overtaken: number
  /** How late a frame may be, in ms. */
  readonly lateMs: number
}

export const FAIR: Weather = { lost: 0, doubled: 0, overtaken: 0, lateMs: 3 }

const log: Logger = resolveLog(undefined)

/** A server at an endpoint: one start after another. */
class SimulatedServer {
  core!: ServerCore
  isUp = false
  /** Nothing reaches it, and nothing leaves it, before. */
  frozenUntilMs = 0
  starts = 0
  readonly #network: SimulatedNetwork<Contract>
  readonly connections = new Set<Connection>()
  #ticking: unknown

  constructor(network: SimulatedNetwork<Contract>) {
    this.#network = network
    this.start()
  }

  start(): void {
    if (this.isUp) return
    const { clock, contract, handlers } = this.#network
    this.isUp = true
    this.starts++
    const implementation = implement(contract, handlers)
    const executor = new InlineExecutor({ implementation, ...OPTIONS, clock, log })
    const soon = (callback: () => void) => void clock.setTimeout(callback, 0)
    const core = new ServerCore({ contract, executor, options: OPTIONS, clock, log, soon })
    this.core = core
    const tick = () => {
      core.tick()
      this.#ticking = clock.setTimeout(tick, OPTIONS.heartbeatMs)
    }
    this.#ticking = clock.setTimeout(tick, OPTIONS.heartbeatMs)
  }

  /** As by kill -9: its clients see their connections closed, unless it vanishes with its machine. */
  kill(isSeen: boolean): void {
    if (!this.isUp) return
    this.isUp = false
    this.#network.clock.clearTimeout(this.#ticking)
    const { connections } = this
    for (const connection of [...connections]) connection.cut(isSeen)
    // Its code has ended with it: nothing of it runs on.
    for (const connection of connections) connection.session?.end('killed')
    connections.clear()
  }

  stop(): void {
    this.#network.clock.clearTimeout(this.#ticking)
    this.core.close()
  }
}

class Connection implements ServerLink {
  session: Session | undefined
  #isCut = false
  #lastMs = { toServer: 0, toClient: 0 }
  readonly #network: SimulatedNetwork<Contract>
  readonly #server: SimulatedServer
  readonly #core: ServerCore
  readonly #events: LinkEvents

  constructor(network: SimulatedNetwork<Contract>, server: SimulatedServer, events: LinkEvents) {
    this.#network = network
    this.#server = server
    this.#core = server.core
    this.#events = events
    server.connections.add(this)
  }

  send(frame: Uint8Array): void {
    const copy = Uint8Array.from(frame)
    this.#carry('toServer', () => {
      if (!this.#server.isUp || this.#server.core !== this.#core) return
      this.session ??= this.#core.open({
        peer: { id: 'client' },
        send: (answer) => {
          const copied = Uint8Array.from(answer)
          this.#carry('toClient', () => this.#events.came(copied))
        },
        ended: (session) => this.#core.closed(session),
      })
      this.session.came(copy)
    })
  }

  async close(): Promise<void> {
    // What was said last still arrives.
    this.#server.connections.delete(this)
  }

  /** The client is told, if it can be seen; a ROUTER is not. */
  cut(isSeen = true): void {
    this.#isCut = true
    if (isSeen) this.#network.clock.setTimeout(() => this.#events.lost('it was cut'), 1)
  }

  #carry(way: 'toServer' | 'toClient', deliver: () => void): void {
    if (this.#isCut) return
    const { random, weather, clock } = this.#network
    const happens = (often: number) => random() * 1_000 < often
    if (happens(weather.lost)) return
    for (let copies = happens(weather.doubled) ? 2 : 1; copies > 0; copies--) {
      const sentMs = Math.max(clock.now(), this.#server.frozenUntilMs)
      let atMs = sentMs + random() * weather.lateMs
      if (happens(weather.overtaken)) atMs += 2 * weather.lateMs
      else {
        atMs = Math.max(atMs, this.#lastMs[way])
        this.#lastMs[way] = atMs
      }
      clock.setTimeout(() => {
        if (!this.#isCut) deliver()
      }, atMs - clock.now())
    }
  }
}

export class SimulatedNetwork<C extends Contract> {
  readonly clock: SimulatedClock
  readonly random: Seeded
  readonly contract: C
  readonly handlers: Handlers<C>
  weather: Weather
  readonly servers = new Map<string, SimulatedServer>()

  constructor(clock: SimulatedClock, random: Seeded, contract: C, handlers: Handlers<C>, weather: Weather = FAIR) {
    this.clock = clock
    this.random = random
    this.contract = contract
    this.handlers = handlers
    this.weather = weather
  }

  serve(...endpoints: readonly string[]): SimulatedServer[] {
    return endpoints.map((endpoint) => {
      const server = new SimulatedServer(this as unknown as SimulatedNetwork<Contract>)
      this.servers.set(endpoint, server)
      return server
    })
  }

  /** A client of all servers. */
  client(options: Partial<ConnectOptions> = {}): ClientCore {
    const endpoints = [...this.servers.keys()]
    const { clock, contract, random } = this
    const core = new ClientCore({
      contract,
      options: ConnectOptions.parse({ endpoints, window: 4, ...options }),
      clock,
      log,
      dial: (endpoint, events) => this.#dial(endpoint, events),
      random,
      soon: (callback) => void clock.setTimeout(callback, 0),
    })
    core.setEndpoints(endpoints)
    return core
  }

  /** Lets so much time go by, in steps, in which promises are settled too. */
  async pass(ms: number, stepMs = 2): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(stepMs)
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  #dial(endpoint: string, events: LinkEvents): ServerLink {
    const server = this.servers.get(endpoint)!
    return new Connection(this as unknown as SimulatedNetwork<Contract>, server, events)
  }
}
