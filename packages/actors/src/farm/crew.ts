/**
 * The farm's side of its workers: their channels, their joining, their life and their death.
 */
import { randomBytes } from 'node:crypto'
import {
  type Clock,
  errorData,
  isLocalAddress,
  type Logger,
  type PrivateEndpoint,
  privateEndpoint,
  ZMQMonitor,
} from '@troupe/core'
import { ZMQPush } from '@troupe/push-pull'
import { Link } from './link.js'
import {
  BODY_ENCODINGS,
  type BodyEncoding,
  decodeBody,
  decodeHeader,
  encodeBody,
  encodeHeader,
  type FrameKind,
  type Header,
  type Hello,
  type ResultsBody,
  WIRE_VERSION,
} from './wire.js'

/** How long a worker whose connection was lost may take to come back, in ms. */
const RECONNECT_MS = 1_000

/** What the crew tells the farm. */
export interface CrewEvents {
  joined(mate: Mate, hello: Hello): void
  /** Anything came from a worker: it lives. */
  heard(mate: Mate): void
  results(mate: Mate, results: ResultsBody, bytes: number): void
  /** A worker answers no heartbeat and does not come back. */
  silent(mate: Mate): void
}

export type Transport = 'inproc' | 'ipc' | 'tcp'

export interface CrewTerms {
  readonly run: string
  /** By what the workers are reached: as the farm is itself. */
  readonly transport: Transport
  readonly heartbeatMs: number
  /** How often a worker shall show that its event loop turns. */
  readonly beatMs: number
  readonly livenessMs: number
  readonly clock: Clock
  readonly log: Logger
}

/** One incarnation of a worker: expected from its start, joined once it has said HELLO. */
export class Mate {
  readonly incarnation = randomBytes(8).toString('hex')
  readonly link = new Link<readonly Uint8Array[]>()
  readonly #place: PrivateEndpoint | undefined
  /** Where it is to listen. */
  readonly inbox: string
  channel: ZMQPush<{ codec: 'frames' }> | undefined
  encoding: BodyEncoding = 'msgpack'
  pid: number | undefined
  lostSinceMs: number | undefined

  constructor(
    readonly id: string,
    transport: Transport,
  ) {
    this.#place = transport === 'ipc' ? privateEndpoint() : undefined
    const elsewhere = transport === 'inproc' ? `inproc://troupe-worker-${this.incarnation}` : 'tcp://127.0.0.1:*'
    this.inbox = this.#place?.endpoint ?? elsewhere
  }

  async close(): Promise<void> {
    await this.channel?.close()
    this.#place?.[Symbol.dispose]()
  }
}

export class Crew {
  readonly #terms: CrewTerms
  readonly #events: CrewEvents
  readonly #mates = new Map<string, Mate>()
  #unread = 0

  constructor(terms: CrewTerms, events: CrewEvents) {
    this.#terms = terms
    this.#events = events
  }

  /** Expects a new incarnation. */
  expect(id: string): Mate {
    const mate = new Mate(id, this.#terms.transport)
    this.#mates.set(mate.incarnation, mate)
    return mate
  }

  /** Forgets an incarnation: what still comes from it is dropped. */
  async dismiss(mate: Mate): Promise<void> {
    this.#mates.delete(mate.incarnation)
    await mate.close()
  }

  async dismissAll(): Promise<void> {
    await Promise.all([...this.#mates.values()].map((mate) => this.dismiss(mate)))
  }

  /** Sends a numbered frame; returns its body. @throws what the encoder throws */
  send(mate: Mate, kind: 'TASKS' | 'CANCEL', body: unknown): Uint8Array {
    const part = encodeBody(body, mate.encoding)
    this.#transmit(
      mate,
      mate.link.send(this.#terms.clock.now(), (sequence) => [this.#header(mate, kind, sequence), part]),
    )
    return part
  }

  /** Sends the heartbeats of the frames, which carry acknowledgements, and gives up who does not come back. */
  beat(): void {
    for (const mate of this.#mates.values()) {
      if (mate.channel !== undefined) this.#transmit(mate, [this.#header(mate, 'BEAT', mate.link.sent), EMPTY])
    }
  }

  /** Looks for workers whose connection was lost and did not come back. */
  tick(): void {
    const now = this.#terms.clock.now()
    for (const mate of this.#mates.values()) {
      if (mate.lostSinceMs !== undefined && now - mate.lostSinceMs > RECONNECT_MS) this.#events.silent(mate)
    }
  }

  /** Takes a message from the sink. What is not a frame of a worker of this run is dropped. */
  came(parts: readonly Uint8Array[]): void {
    const header = decodeHeader(parts)
    const mate = header === undefined ? undefined : this.#mates.get(header.incarnation)
    if (header === undefined || mate === undefined || header.run !== this.#terms.run) return this.#drop()
    if (header.kind === 'HELLO') return this.#hello(mate, header, parts[1]!)
    if (header.version !== WIRE_VERSION || mate.channel === undefined) return this.#drop()
    this.#events.heard(mate)
    this.#acknowledge(mate, header)
    if (header.kind !== 'RESULTS' || mate.link.arrive(header.sequence) !== 'take') return
    const results = decodeBody('RESULTS', parts[1]!, mate.encoding)
    if (results === undefined) return this.#drop()
    this.#events.results(mate, results, parts[1]!.length)
  }

  #hello(mate: Mate, header: Header, part: Uint8Array): void {
    const hello = decodeBody('HELLO', part, 'msgpack')
    if (hello === undefined || !isLocalAddress(hello.inbox)) return this.#drop()
    const isNew = mate.channel === undefined
    mate.channel ??= this.#dial(mate, hello.inbox)
    if (header.version !== WIRE_VERSION) {
      const message = `it speaks version ${header.version} of the wire, and the farm speaks ${WIRE_VERSION}`
      return this.#transmit(mate, [
        this.#header(mate, 'REFUSED', 0),
        encodeBody({ code: 'VERSION_MISMATCH', message }, 'msgpack'),
      ])
    }
    mate.pid = hello.pid
    mate.encoding = BODY_ENCODINGS.find((encoding) => hello.encodings.includes(encoding)) ?? 'msgpack'
    const welcome = { encoding: mate.encoding, heartbeatMs: this.#terms.beatMs }
    this.#transmit(mate, [this.#header(mate, 'WELCOME', 0), encodeBody(welcome, 'msgpack')])
    if (isNew) this.#events.joined(mate, hello)
  }

  #dial(mate: Mate, inbox: string): ZMQPush<{ codec: 'frames' }> {
    const { heartbeatMs, livenessMs, transport, log } = this.#terms
    // A worker in this process has no connection that could be lost.
    const inline = transport === 'inproc'
    const channel = new ZMQPush(`>${inbox}`, {
      codec: 'frames',
      // What is queued here is bounded by the window of the worker.
      sendHighWaterMark: 0,
      lingerMs: 0,
      reconnectIntervalMs: 50,
      // The I/O thread answers these, so a worker that computes is never taken for a dead one.
      ...(!inline && { heartbeatIntervalMs: heartbeatMs, heartbeatTimeoutMs: Math.max(10, livenessMs - heartbeatMs) }),
      log,
    })
    if (!inline) void this.#watch(mate, channel)
    return channel
  }

  async #watch(mate: Mate, channel: ZMQPush<{ codec: 'frames' }>): Promise<void> {
    try {
      for await (const { type } of new ZMQMonitor(channel)) {
        if (type === 'handshake_succeeded') mate.lostSinceMs = undefined
        if (type === 'disconnected') mate.lostSinceMs ??= this.#terms.clock.now()
      }
    } catch (error) {
      this.#terms.log.debug({ err: errorData(error) }, 'a worker is not watched any more')
    }
  }

  #acknowledge(mate: Mate, { acknowledged }: Header): void {
    const now = this.#terms.clock.now()
    mate.link.acknowledge(now, acknowledged)
    for (const frame of mate.link.overdue(now, 3 * this.#terms.heartbeatMs)) this.#transmit(mate, frame)
  }

  #transmit({ channel }: Mate, parts: readonly Uint8Array[]): void {
    channel
      ?.send(parts)
      .catch((error: unknown) => this.#terms.log.debug({ err: errorData(error) }, 'a frame was not sent'))
  }

  #header({ incarnation, link }: Mate, kind: FrameKind, sequence: number): Uint8Array {
    return encodeHeader({ kind, run: this.#terms.run, incarnation, sequence, acknowledged: link.received })
  }

  #drop(): void {
    this.#unread++
    this.#terms.log.debug({ unread: this.#unread }, 'a message was not of this farm and was dropped')
  }
}

const EMPTY = encodeBody(null, 'msgpack')
