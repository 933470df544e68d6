/**
 * What every socket has: its ends, its lifecycle and its close. Opening starts at once in the constructor, and every
 * operation waits for it; `ready` raises what went wrong.
 */
import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { z } from 'zod'
import { bindCandidates, type End, InvalidEndpointError, isLocalAddress, parseEndpoints } from '../endpoint.js'
import { ClosedError, InvalidOptionsError, TroupeError } from '../errors.js'
import { Lifecycle, type LifecycleState } from '../lifecycle/lifecycle.js'
import { type Logger, resolveLog } from '../log.js'
import { parseOptions } from '../options.js'
import { type PrivateEndpoint, privateEndpoint } from '../private-folder.js'
import { SocketSecurity, UNSECURED } from '../security/security.js'
import { assertNoActorThread } from './actor-thread.js'
import { trueFailure } from './bind-failure.js'
import { Connections } from './connections.js'
import { assertIpcPathIsFree, bindPrivately, type IpcFile } from './ipc-path.js'
import { codeOf, quietly, type RawSocket, SOCKET_KINDS, type SocketKind } from './raw.js'
import { type CheckedOptions, type SocketOptions, zeromqOptions } from './socket.options.js'

/** Something else is bound to the endpoint. */
export class EndpointInUseError extends TroupeError {
  override readonly name = 'EndpointInUseError'
  readonly endpoint: string

  constructor(what: string, endpoint: string, cause: unknown) {
    super('ENDPOINT_IN_USE', `${what} cannot bind ${endpoint}: it is in use`, { cause, retryable: true })
    this.endpoint = endpoint
  }
}

/** What a socket has counted since it was made. */
export interface SocketStats {
  sent: number
  /**
   * Of publishers: messages for which a subscriber was found to have no room. libzmq then drops all for it until it has
   * read again, and tells of the first alone: so it has lost this many or more. Of routers: messages to a peer that was
   * not there or had no room. Of packed sockets: also what was accepted and could not be sent.
   */
  dropped: number
  received: number
  /** Messages that came and could not be decoded or did not fit the schema. */
  invalid: number
  /** Connections that its authenticator refused, or that were too many. */
  denied: number
}

/** A port that was closed a moment ago can still be taken: libzmq closes in the background. */
const REBIND_TRIES = 5
const REBIND_DELAY_MS = 20

/** A socket's raw socket, options and lifecycle, for the parts that send and receive. */
export interface SocketHeart<Raw extends RawSocket = RawSocket> {
  readonly what: string
  readonly kind: SocketKind
  /** Another one after {@link reopen}. */
  readonly raw: Raw
  readonly options: CheckedOptions
  readonly lifecycle: Lifecycle
  readonly log: Logger
  readonly security: SocketSecurity | undefined
  readonly stats: Omit<SocketStats, 'denied'>
  /** What is to be done before it closes. */
  beforeClose?: () => Promise<void>
  /** What has taken the socket for itself: only that sends and receives then. */
  takenBy?: string
}

/** Something that a socket is bound to. */
interface Bound {
  /** As it was asked for, with its wildcards. */
  readonly asked: string
  /** As it is. */
  readonly address: string
  /** Its ipc file. */
  ipc: IpcFile | undefined
  /** The folder of its ipc file, if its path was left open. */
  readonly file: PrivateEndpoint | undefined
}

const hearts = new WeakMap<ZMQSocket, SocketHeart>()
const reopeners = new WeakMap<ZMQSocket, () => Promise<void>>()

/** The inside of a socket, for this package's own use. */
export const heartOf = (socket: ZMQSocket): SocketHeart => hearts.get(socket)!

/** @throws {TroupeError} `SOCKET_FAILED` if something has taken the socket for itself */
export function assertNotTaken({ what, takenBy }: SocketHeart): void {
  if (takenBy === undefined) return
  throw new TroupeError('SOCKET_FAILED', `the ${what} belongs to ${takenBy}, which alone sends and receives on it`)
}

/**
 * Closes libzmq's socket, with all that it holds, and opens another with the same options and ends. What was sent and
 * not yet delivered is gone, and what still comes in answer to it never arrives. For the pattern packages.
 * @throws {TroupeError} `ENDPOINT_UNAVAILABLE` when it cannot be bound again: the socket has then failed; `CLOSED`
 */
export const reopen = (socket: ZMQSocket): Promise<void> => reopeners.get(socket)!()

/** ZMQ_HANDSHAKE_IVL of libzmq, in ms. */
const HANDSHAKE_MS = 30_000

/** What the sockets of all patterns share. Not to be made itself: see the pattern packages. */
export abstract class ZMQSocket implements AsyncDisposable {
  readonly #heart: { -readonly [Key in keyof SocketHeart]: SocketHeart[Key] }
  #bound: Bound[] = []
  #connected: string[] = []
  #closing: Promise<void> | undefined
  #connections: Connections | undefined

  /**
   * @throws {InvalidEndpointError} `INVALID_ENDPOINT`
   * @throws {InvalidOptionsError} `INVALID_OPTIONS`
   */
  protected constructor(
    kind: SocketKind,
    schema: z.ZodType<CheckedOptions>,
    endpoint: string | undefined,
    options: SocketOptions = {},
  ) {
    const what = `${kind} socket`
    assertNoActorThread(`a ${what}`)
    const endpoints = endpoint === undefined ? [] : parseEndpoints(endpoint, SOCKET_KINDS[kind].end)
    const checked = parseOptions(schema, options, what)
    const raw = openRaw(kind, checked, what)
    const log = resolveLog(checked.log)
    const { maxConnections } = checked
    const connections =
      maxConnections === undefined
        ? undefined
        : new Connections(maxConnections, checked.handshakeTimeoutMs ?? HANDSHAKE_MS)
    const secured = checked.security ?? (connections === undefined ? undefined : UNSECURED)
    const security = secured === undefined ? undefined : new SocketSecurity(secured, what, log, connections)
    const lifecycle = new Lifecycle({
      what: `the ${what}`,
      open: async () => {
        await security?.open()
        this.#connections = connections
        connections?.count(this.#heart.raw)
        for (const { end, address } of endpoints) {
          if (end === 'bind') await this.#bind(address)
          else this.#connect(address)
        }
      },
      close: async () => {
        this.#heart.raw.close()
        for (const { ipc, file } of this.#bound.splice(0)) {
          ipc?.remove()
          file?.[Symbol.dispose]()
        }
        await security?.close()
      },
    })
    const stats = { sent: 0, dropped: 0, received: 0, invalid: 0 }
    this.#heart = { what, kind, raw, options: checked, lifecycle, log, security, stats }
    hearts.set(this, this.#heart)
    reopeners.set(this, () => this.#reopen())
    // Whoever uses the socket is told; a socket that nobody uses must not end the process.
    lifecycle.start().catch(() => undefined)
  }

  get state(): LifecycleState {
    return this.#heart.lifecycle.state
  }

  get stats(): Readonly<SocketStats> {
    return { ...this.#heart.stats, denied: this.#heart.security?.denied ?? 0 }
  }

  /**
   * Resolves when the endpoints of the constructor are bound and connecting.
   * @throws {TroupeError} `ENDPOINT_IN_USE`, `ENDPOINT_UNAVAILABLE`, `CLOSED`
   */
  async ready(): Promise<void> {
    await this.#heart.lifecycle.running()
  }

  /**
   * The address that was bound last, with its real port, or else that was connected last.
   * @throws {TroupeError} `ENDPOINT_UNAVAILABLE` when there is none, and what {@link ready} raises
   */
  async endpoint(): Promise<string> {
    await this.ready()
    const address = this.#bound.at(-1)?.address ?? this.#connected.at(-1)
    if (address !== undefined) return address
    throw new TroupeError('ENDPOINT_UNAVAILABLE', `the ${this.#heart.what} is neither bound nor connected`)
  }

  /**
   * Binds further endpoints; resolves with the address of the last of them, with its real port.
   * @throws {TroupeError} `INVALID_ENDPOINT`, `ENDPOINT_IN_USE`, `ENDPOINT_UNAVAILABLE`, `CLOSED`
   */
  async bind(endpoint: string): Promise<string> {
    const asked = this.#addresses(endpoint, 'bind')
    await this.ready()
    let last = ''
    for (const address of asked) last = await this.#bind(address)
    return last
  }

  /**
   * Unbinds an address as it was bound or as `bind` gave it. Who is connected through it is cut off, except over inproc.
   * @throws {TroupeError} `INVALID_ENDPOINT`, `ENDPOINT_UNAVAILABLE` if it is not bound, `CLOSED`
   */
  async unbind(endpoint: string): Promise<void> {
    const addresses = this.#addresses(endpoint, 'bind')
    await this.ready()
    for (const wanted of addresses) {
      const bound = this.#bound.findLast(({ asked, address }) => asked === wanted || address === wanted)
      if (bound === undefined) throw this.#unavailable('unbind', wanted, 'it is not bound to it')
      this.#end('unbind', bound.address)
      this.#bound = this.#bound.filter((other) => other !== bound)
      bound.ipc?.remove()
      bound.file?.[Symbol.dispose]()
    }
  }

  /**
   * Connects to further endpoints. Resolves at once: the connection is made, and made again, in the background.
   * @throws {TroupeError} `INVALID_ENDPOINT`, `ENDPOINT_UNAVAILABLE`, `CLOSED`
   */
  async connect(endpoint: string): Promise<void> {
    const addresses = this.#addresses(endpoint, 'connect')
    await this.ready()
    for (const address of addresses) this.#connect(address)
  }

  /**
   * Disconnects from an address. What waits to be sent to it is lost.
   * @throws {TroupeError} `INVALID_ENDPOINT`, `ENDPOINT_UNAVAILABLE` if it is not connected, `CLOSED`
   */
  async disconnect(endpoint: string): Promise<void> {
    const addresses = this.#addresses(endpoint, 'connect')
    await this.ready()
    for (const wanted of addresses) {
      if (!this.#connected.includes(wanted)) {
        throw this.#unavailable('disconnect from', wanted, 'it is not connected to it')
      }
      this.#end('disconnect from', wanted)
      this.#connected = this.#connected.filter((other) => other !== wanted)
    }
  }

  /**
   * Closes. What libzmq has accepted is still sent for `lingerMs`; operations that wait are rejected with `CLOSED`;
   * iterations end. Idempotent.
   */
  async close(): Promise<void> {
    this.#closing ??= this.#heart.beforeClose?.()
    await this.#closing
    await this.#heart.lifecycle.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #reopen(): Promise<void> {
    const heart = this.#heart
    heart.lifecycle.assertRunning()
    const old = heart.raw
    heart.raw = openRaw(heart.kind, heart.options, heart.what)
    this.#connections?.count(heart.raw)
    old.linger = 0
    old.close()
    for (const address of this.#connected.splice(0)) this.#connect(address)
    try {
      for (const bound of this.#bound) bound.ipc = (await this.#bindOne(bound.address, REBIND_TRIES)).ipc
    } catch (cause) {
      if (cause instanceof ClosedError) throw cause
      const error = this.#unavailable('bind again', this.#bound.map(({ address }) => address).join(), cause)
      heart.lifecycle.fail(error)
      throw error
    }
  }

  #addresses(endpoint: string, end: End): string[] {
    const endpoints = parseEndpoints(endpoint, end)
    if (endpoints.some((one) => one.end !== end)) {
      throw new InvalidEndpointError(endpoint, `its prefix says the contrary of ${end}`)
    }
    return endpoints.map(({ address }) => address)
  }

  async #bind(asked: string): Promise<string> {
    if (asked !== 'ipc://*') return this.#bindFirst(asked, asked, undefined)
    // libzmq would make a folder for it in the current one, and leave it there.
    const file = privateEndpoint()
    try {
      return await this.#bindFirst(asked, file.endpoint, file)
    } catch (error) {
      file[Symbol.dispose]()
      throw error
    }
  }

  /** Binds the first candidate of an address that is free. */
  async #bindFirst(asked: string, address: string, file: PrivateEndpoint | undefined): Promise<string> {
    const { log, options, security, what } = this.#heart
    if (!options.insecure && !isLocalAddress(address) && !security?.isEncrypted)
      warnOf({ what, kind: this.#heart.kind, address }, log)
    await security?.guard()
    const candidates = bindCandidates(address)
    let taken: unknown
    for (const candidate of candidates) {
      try {
        const bound = await this.#bindOne(candidate, candidates.length === 1 ? REBIND_TRIES : 1)
        this.#bound.push({ asked, ...bound, file })
        return bound.address
      } catch (cause) {
        if (cause instanceof ClosedError) throw cause
        if (codeOf(cause) !== 'EADDRINUSE') throw this.#unavailable('bind', candidate, cause)
        taken = cause
      }
    }
    throw new EndpointInUseError(`the ${what}`, address, taken)
  }

  async #bindOne(address: string, tries: number): Promise<{ address: string; ipc: IpcFile | undefined }> {
    const { lifecycle, what, security } = this.#heart
    for (let left = tries; ; left--) {
      try {
        await assertIpcPathIsFree(address)
        if (lifecycle.state !== 'starting' && lifecycle.state !== 'running') throw new ClosedError(`the ${what}`)
        const { raw } = this.#heart
        quietly(() => security?.asServer(raw))
        const ipc = bindPrivately(raw, address)
        return { address: raw.lastEndpoint ?? address, ipc }
      } catch (failure) {
        const cause = await trueFailure(address, failure)
        if (left <= 1 || codeOf(cause) !== 'EADDRINUSE') throw cause
        await delay(REBIND_DELAY_MS + randomInt(REBIND_DELAY_MS))
      }
    }
  }

  #connect(address: string): void {
    const { raw, security } = this.#heart
    try {
      quietly(() => security?.asClient(raw))
      raw.connect(address)
    } catch (cause) {
      if (cause instanceof InvalidOptionsError) throw cause
      throw this.#unavailable('connect to', address, cause)
    }
    this.#connected.push(address)
  }

  #end(verb: string, address: string): void {
    try {
      this.#heart.raw.disconnect(address)
    } catch (cause) {
      throw this.#unavailable(verb, address, cause)
    }
  }

  #unavailable(verb: string, address: string, cause: unknown): TroupeError {
    const { what, options } = this.#heart
    const why = cause instanceof Error ? cause.message : String(cause)
    const hint = address.includes('[') && !options.ipv6 ? ' (IPv6 needs the option ipv6: true)' : ''
    return new TroupeError('ENDPOINT_UNAVAILABLE', `the ${what} cannot ${verb} ${address}: ${why}${hint}`, { cause })
  }
}

let hasWarned = false

/** Of each in the log, and once in a process where people look who have no log. */
function warnOf({ what, kind, address }: { what: string; kind: SocketKind; address: string }, log: Logger): void {
  const why = `${what} binds ${address}, beyond this machine, without encryption and authentication`
  log.warn({ socket: kind, address }, why)
  if (hasWarned) return
  hasWarned = true
  const detail =
    'Whoever reaches it can read and send. Give it `security`, or say `insecure: true` on a network that you trust.'
  process.emitWarning(`a ${why}`, { type: 'InsecureEndpointWarning', code: 'TROUPE_INSECURE', detail })
}

function openRaw(kind: SocketKind, options: CheckedOptions, what: string): RawSocket {
  try {
    return SOCKET_KINDS[kind].open(zeromqOptions(options)) as RawSocket
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new TroupeError('SOCKET_FAILED', `the ${what} cannot be opened: ${why}`, { cause })
  }
}
