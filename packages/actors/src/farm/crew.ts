/**
 * The farm's side of its workers: their channels, their joining, their life and their death.
 */
import { randomBytes } from 'node:crypto'
import { type Clock, errorData, isSameSecret, type Logger } from '@troupe/core'
import { type FarmEnd, PortEnd, SocketEnd, type SocketTerms } from './farm-end.js'
import { isTold } from './is-told.js'
import { Link } from './link.js'
import type { Parts } from './parts.js'
import type { Seat } from './seat.js'
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

/** So many frames may wait for their acknowledgement: whoever answers and does not acknowledge would fill the memory. */
const MAX_UNACKNOWLEDGED = 4_096

/** Who has started a worker, or has let it in. */
export interface Keeper {
  /** It has said HELLO and is welcome. */
  joined(hello: Hello): void
  /** It has shown that it got its WELCOME: it is who listens where HELLO said. */
  proven(): void
  /** It has answered tasks: it may hold nothing now. */
  answered(): void
  /** It leaves: it is to be given nothing more. */
  leaving(): void
  /** It is taken to be gone. */
  silent(why: string): void
  /** Ends it at once. */
  kill(why: string): void
}

/** What the crew tells the farm. */
export interface CrewEvents {
  /** A worker says HELLO that nobody expects. */
  stranger(header: Header, hello: Hello): void
  /** Anything came from a worker: it lives. */
  heard(mate: Mate): void
  results(mate: Mate, results: ResultsBody, bytes: number): void
  update(mate: Mate, update: UpdateBody, bytes: number): void
  /** A worker breaks the rules of the wire: a numbered frame of it cannot be read, so that what it answered is lost, or it acknowledges nothing. */
  faulty(mate: Mate, why: string): void
}

/** By what a worker that is started here is reached. */
export type Transport = SocketTerms['transport'] | 'port'

export interface CrewTerms {
  readonly run: string
  readonly heartbeatMs: number
  /** How often a worker shall show that its event loop turns. */
  readonly beatMs: number
  readonly livenessMs: number
  readonly concurrency: number
  readonly graceMs: number
  readonly maxMessageBytes: number
  readonly clock: Clock
  readonly log: Logger
}

/** One incarnation of a worker: expected from its start, joined once it has said HELLO. */
export interface Mate {
  readonly id: string
  readonly incarnation: string
  readonly link: Link<Parts>
  readonly end: FarmEnd
  readonly keeper: Keeper
  /** Whether the farm has started it. */
  readonly isOwn: boolean
  /** What is likely to be lost together: the machine of a guest, or those of the farm's own that follow each other. */
  readonly place: string
  /** Its place at the dispatcher, while it has one. */
  seat: Seat | undefined
  joined: boolean
  /** A secret that only who listens at its inbox is told. */
  readonly token: Buffer
  /** It has said its token. */
  proven: boolean
  /** It is gone, or taken to be: it can have no seat any more, though what it had sent still comes. */
  isLost: boolean
  encoding: BodyEncoding
  pid: number | undefined
  /** What it has last said that it uses. */
  memoryMiB: number | undefined
}

export class Crew {
  readonly #terms: CrewTerms
  readonly #events: CrewEvents
  readonly #mates = new Map<string, Mate>()
  #dropped = 0
  /** How many messages made an error here. */
  #errors = 0

  constructor(terms: CrewTerms, events: CrewEvents) {
    this.#terms = terms
    this.#events = events
  }

  /** Messages that were not of this farm, or of another worker than they said. */
  get dropped(): number {
    return this.#dropped
  }

  /** Expects a new incarnation of a worker that is started here. */
  expect(id: string, transport: Transport, keeper: Keeper): Mate {
    const incarnation = randomBytes(8).toString('hex')
    return this.#add({ id, incarnation, end: this.#endOf(incarnation, transport), keeper, isOwn: true, place: id })
  }

  /** Lets in a worker that was started elsewhere, and answers its HELLO. */
  admit(id: string, header: Header, hello: Hello, end: FarmEnd, keeper: Keeper): Mate {
    const place = `the workers of ${hello.host ?? hello.inbox}`
    const mate = this.#add({ id, incarnation: header.incarnation, end, keeper, isOwn: false, place })
    this.#welcome(mate, hello)
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
  send(mate: Mate, kind: 'TASKS' | 'CANCEL' | 'CREDIT' | 'BYE', body: unknown): BodyParts {
    const parts = encodeParts(body, mate.encoding)
    if (mate.link.unacknowledged === MAX_UNACKNOWLEDGED) this.#events.faulty(mate, 'it acknowledges nothing')
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
      if (lostSinceMs !== undefined && now - lostSinceMs > RECONNECT_MS)
        mate.keeper.silent(`it answered no heartbeat for ${this.#terms.livenessMs} ms`)
    }
  }

  /**
   * Takes a message of a worker. What is not a frame of a worker of this run is dropped. An error that one makes here is not the
   * farm's end: it costs the worker that has shown that it sent it, and others do its tasks.
   */
  came(parts: Parts): void {
    const header = decodeHeader(parts)
    if (header === undefined) return this.#drop()
    if (header.kind === 'HELLO') return this.#kept(header, () => this.#hello(header, parts[1]!))
    const mate = this.#mates.get(header.incarnation)
    if (mate?.joined !== true || header.run !== this.#terms.run || header.version !== WIRE_VERSION) return this.#drop()
    if (!isSameSecret(header.token, mate.token)) return this.#drop()
    this.#kept(header, () => this.#frame(mate, header, parts), mate)
  }

  #kept({ kind, incarnation }: Header, take: () => void, mate?: Mate): void {
    try {
      take()
    } catch (error) {
      if (isTold(++this.#errors)) {
        const facts = { err: errorData(error), kind, incarnation, errors: this.#errors }
        this.#terms.log.error(facts, 'a message of a worker made an error')
      }
      if (mate !== undefined) this.#events.faulty(mate, `its ${kind} made an error here`)
    }
  }

  #frame(mate: Mate, header: Header, parts: Parts): void {
    this.#prove(mate)
    this.#events.heard(mate)
    this.#acknowledge(mate, header)
    if (header.kind === 'BEAT') mate.memoryMiB = decodeBody('BEAT', parts[1]!, 'msgpack')?.memoryMiB
    const { kind, sequence } = header
    if ((kind === 'RESULTS' || kind === 'UPDATE' || kind === 'BYE') && mate.link.arrive(sequence) === 'take') {
      if (kind === 'BYE') mate.keeper.leaving()
      else this.#take(mate, kind, parts.slice(1))
    }
  }

  #add(known: Pick<Mate, 'id' | 'incarnation' | 'end' | 'keeper' | 'isOwn' | 'place'>): Mate {
    const unknown = { seat: undefined, pid: undefined, memoryMiB: undefined }
    const token = Buffer.from(randomBytes(16).toString('base64url'))
    const state = { token, joined: false, proven: false, isLost: false, encoding: 'msgpack' } as const
    const mate: Mate = { ...known, link: new Link(), ...state, ...unknown }
    this.#mates.set(mate.incarnation, mate)
    return mate
  }

  #take(mate: Mate, kind: 'RESULTS' | 'UPDATE', body: BodyParts): void {
    if (kind === 'UPDATE') {
      const update = decodeParts('UPDATE', body, mate.encoding)
      if (update === undefined) return this.#events.faulty(mate, `its ${kind} cannot be read`)
      return this.#events.update(mate, update, sizeOf(body))
    }
    const results = decodeParts('RESULTS', body, mate.encoding)
    if (results === undefined) return this.#events.faulty(mate, `its ${kind} cannot be read`)
    this.#events.results(mate, results, sizeOf(body))
  }

  #hello(header: Header, part: Uint8Array): void {
    const hello = decodeBody('HELLO', part, 'msgpack')
    if (hello === undefined) return this.#drop()
    const mate = this.#mates.get(header.incarnation)
    // One that was let in may not know the run yet.
    const isKnown = mate !== undefined && (header.run === this.#terms.run || header.run === '')
    if (!isKnown) return this.#events.stranger(header, hello)
    if (!mate.end.open(hello.inbox)) return this.#drop()
    if (header.version === WIRE_VERSION) return this.#welcome(mate, hello)
    mate.end.send(refusal(this.#terms.run, header, 'VERSION_MISMATCH', otherVersion(header)))
  }

  #welcome(mate: Mate, hello: Hello): void {
    const { beatMs: heartbeatMs, livenessMs, concurrency, graceMs, maxMessageBytes } = this.#terms
    if (!mate.joined) {
      mate.pid = hello.pid
      mate.encoding = BODY_ENCODINGS.find((encoding) => hello.encodings.includes(encoding)) ?? 'msgpack'
    }
    const { id, encoding } = mate
    const token = mate.token.toString()
    const welcome = { encoding, heartbeatMs, id, livenessMs, concurrency, graceMs, maxMessageBytes, token }
    mate.end.send([this.#header(mate, 'WELCOME', 0), encodeBody(welcome, 'msgpack')])
    if (mate.joined) return
    mate.joined = true
    mate.keeper.joined(hello)
  }

  #prove(mate: Mate): void {
    if (mate.proven) return
    mate.proven = true
    mate.keeper.proven()
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
    this.#dropped++
    if (!isTold(this.#dropped)) return
    this.#terms.log.warn({ dropped: this.#dropped }, 'a message was not of a worker of this farm and was dropped')
  }
}

const EMPTY = encodeBody(null, 'msgpack')

/** A REFUSED, in answer to a HELLO. */
export function refusal(run: string, { incarnation }: Header, code: string, message: string): Parts {
  const header = encodeHeader({ kind: 'REFUSED', run, incarnation, sequence: 0, acknowledged: 0 })
  return [header, encodeBody({ code, message }, 'msgpack')]
}

/** Why a peer of another version is refused. */
export const otherVersion = ({ version }: Header): string =>
  `it speaks version ${version} of the wire, and the farm speaks ${WIRE_VERSION}`
