/**
 * The farm's side of its workers: their channels, their joining, their life and their death.
 */
import { randomBytes } from 'node:crypto'
import type { Clock, Logger } from '@troupe/core'
import { type FarmEnd, PortEnd, SocketEnd, type SocketTerms } from './farm-end.js'
import { Link } from './link.js'
import type { Parts } from './parts.js'
import {
  BODY_ENCODINGS,
  type BodyEncoding,
  type BodyParts,
  decodeBody,
  decodeHeader,
  decodeParts,
  encodeBody,
  encodeHeader,
  encodeParts,
  type FrameKind,
  type Header,
  type Hello,
  type ResultsBody,
  sizeOf,
  type UpdateBody,
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
  update(mate: Mate, update: UpdateBody, bytes: number): void
  /** A numbered frame of a worker cannot be read: what it answered is lost. */
  unreadable(mate: Mate, kind: FrameKind): void
  /** A worker answers no heartbeat and does not come back. */
  silent(mate: Mate): void
}

/** By what a worker is reached. */
export type Transport = SocketTerms['transport'] | 'port'

export interface CrewTerms {
  readonly run: string
  readonly heartbeatMs: number
  /** How often a worker shall show that its event loop turns. */
  readonly beatMs: number
  readonly livenessMs: number
  readonly clock: Clock
  readonly log: Logger
}

/** One incarnation of a worker: expected from its start, joined once it has said HELLO. */
export interface Mate {
  readonly id: string
  readonly incarnation: string
  readonly link: Link<Parts>
  readonly end: FarmEnd
  joined: boolean
  encoding: BodyEncoding
  pid: number | undefined
  /** What it has last said that it uses. */
  memoryMiB: number | undefined
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
  expect(id: string, transport: Transport): Mate {
    const incarnation = randomBytes(8).toString('hex')
    const end = this.#endOf(incarnation, transport)
    const unknown = { pid: undefined, memoryMiB: undefined }
    const mate: Mate = { id, incarnation, link: new Link(), end, joined: false, encoding: 'msgpack', ...unknown }
    this.#mates.set(incarnation, mate)
    return mate
  }

  /** Forgets an incarnation: what still comes from it is dropped. */
  async dismiss(mate: Mate): Promise<void> {
    this.#mates.delete(mate.incarnation)
    await mate.end.close()
  }

  async dismissAll(): Promise<void> {
    await Promise.all([...this.#mates.values()].map((mate) => this.dismiss(mate)))
  }

  /** Sends a numbered frame; returns its body. @throws what the encoder throws */
  send(mate: Mate, kind: 'TASKS' | 'CANCEL' | 'CREDIT', body: unknown): BodyParts {
    const parts = encodeParts(body, mate.encoding)
    mate.end.send(mate.link.send(this.#terms.clock.now(), (sequence) => [this.#header(mate, kind, sequence), ...parts]))
    return parts
  }

  /** Sends the heartbeats of the frames, which carry acknowledgements, and gives up who does not come back. */
  beat(): void {
    for (const mate of this.#mates.values()) {
      if (mate.joined) mate.end.send([this.#header(mate, 'BEAT', mate.link.sent), EMPTY])
    }
  }

  /** Looks for workers whose connection was lost and did not come back. */
  tick(): void {
    const now = this.#terms.clock.now()
    for (const mate of this.#mates.values()) {
      const { lostSinceMs } = mate.end
      if (lostSinceMs !== undefined && now - lostSinceMs > RECONNECT_MS) this.#events.silent(mate)
    }
  }

  /** Takes a message of a worker. What is not a frame of a worker of this run is dropped. */
  came(parts: Parts): void {
    const header = decodeHeader(parts)
    const mate = header === undefined ? undefined : this.#mates.get(header.incarnation)
    if (header === undefined || mate === undefined || header.run !== this.#terms.run) return this.#drop()
    if (header.kind === 'HELLO') return this.#hello(mate, header, parts[1]!)
    if (header.version !== WIRE_VERSION || !mate.joined) return this.#drop()
    this.#events.heard(mate)
    this.#acknowledge(mate, header)
    if (header.kind === 'BEAT') mate.memoryMiB = decodeBody('BEAT', parts[1]!, 'msgpack')?.memoryMiB
    const { kind, sequence } = header
    if ((kind === 'RESULTS' || kind === 'UPDATE') && mate.link.arrive(sequence) === 'take') {
      this.#take(mate, kind, parts.slice(1))
    }
  }

  #take(mate: Mate, kind: 'RESULTS' | 'UPDATE', body: BodyParts): void {
    if (kind === 'UPDATE') {
      const update = decodeParts('UPDATE', body, mate.encoding)
      if (update === undefined) return this.#events.unreadable(mate, kind)
      return this.#events.update(mate, update, sizeOf(body))
    }
    const results = decodeParts('RESULTS', body, mate.encoding)
    if (results === undefined) return this.#events.unreadable(mate, kind)
    this.#events.results(mate, results, sizeOf(body))
  }

  #hello(mate: Mate, header: Header, part: Uint8Array): void {
    const hello = decodeBody('HELLO', part, 'msgpack')
    if (hello === undefined || !mate.end.open(hello.inbox)) return this.#drop()
    if (header.version !== WIRE_VERSION) {
      const message = `it speaks version ${header.version} of the wire, and the farm speaks ${WIRE_VERSION}`
      return mate.end.send([
        this.#header(mate, 'REFUSED', 0),
        encodeBody({ code: 'VERSION_MISMATCH', message }, 'msgpack'),
      ])
    }
    mate.pid = hello.pid
    mate.encoding = BODY_ENCODINGS.find((encoding) => hello.encodings.includes(encoding)) ?? 'msgpack'
    const welcome = { encoding: mate.encoding, heartbeatMs: this.#terms.beatMs }
    mate.end.send([this.#header(mate, 'WELCOME', 0), encodeBody(welcome, 'msgpack')])
    if (mate.joined) return
    mate.joined = true
    this.#events.joined(mate, hello)
  }

  #endOf(incarnation: string, transport: Transport): FarmEnd {
    const { heartbeatMs, livenessMs, clock, log } = this.#terms
    if (transport === 'port') return new PortEnd((parts) => this.came(parts))
    return new SocketEnd({ transport, incarnation, heartbeatMs, livenessMs, clock, log })
  }

  #acknowledge(mate: Mate, { acknowledged }: Header): void {
    const now = this.#terms.clock.now()
    mate.link.acknowledge(now, acknowledged)
    for (const frame of mate.link.overdue(now, 3 * this.#terms.heartbeatMs)) mate.end.send(frame)
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
