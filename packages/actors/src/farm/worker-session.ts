/**
 * One incarnation's talk with its farm: HELLO until it is answered, then tasks in and results out.
 */
import { errorData, type Logger, TroupeError } from '@troupe/core'
import { encodeResults, encodeUpdate } from './answers-frame.js'
import { ownedParts } from './binary-parts.js'
import type { EquippedTask } from './equipment.js'
import { isTold } from './is-told.js'
import { Link } from './link.js'
import { TaskRunner } from './task-runner.js'
import { usedMiB } from './used-memory.js'
import {
  BODY_ENCODINGS,
  type BodyParts,
  decodeBody,
  decodeHeader,
  decodeParts,
  encodeBody,
  encodeHeader,
  type FrameKind,
  type Header,
  type Hello,
  type Welcome,
  WIRE_VERSION,
} from './wire.js'
import type { WorkerEnd } from './worker-end.js'

/** How often HELLO is repeated until WELCOME comes, in ms. */
const HELLO_EVERY_MS = 200

/** What a worker says of itself, beside what its process does. */
export type Introduction = Pick<Hello, 'tasks' | 'tags' | 'slots' | 'host' | 'control' | 'key'>

export interface SessionTerms {
  /** The run of the farm; empty while it is not known. */
  readonly run: string
  readonly incarnation: string
  readonly isolation: 'process' | 'thread' | 'inline'
  readonly introduction: Introduction
  readonly tasks: ReadonlyMap<string, EquippedTask>
  readonly end: WorkerEnd
  readonly log: Logger
  welcomed(welcome: Welcome): void
  /** The farm does not want it. */
  refused(code: string, message: string): void
  /** The farm lets it go, or ends. */
  dismissed(): void
}

export class WorkerSession {
  readonly #terms: SessionTerms
  readonly #link = new Link<readonly Uint8Array[]>()
  #run: string
  #welcome: Welcome | undefined
  #runner: TaskRunner | undefined
  #hello: NodeJS.Timeout | undefined
  #sayHello: (() => void) | undefined
  #beat: NodeJS.Timeout | undefined
  #heardMs = performance.now()
  #hasEnded = false
  #unread = 0

  constructor(terms: SessionTerms) {
    this.#terms = terms
    this.#run = terms.run
  }

  /** For how long nothing has come from the farm, in ms. */
  get silentMs(): number {
    return performance.now() - this.#heardMs
  }

  /** Says that it is there, until it is answered. */
  hello(inbox: string | undefined): void {
    const body = {
      ...(inbox !== undefined && { inbox }),
      pid: process.pid,
      encodings: [...BODY_ENCODINGS],
      ...this.#terms.introduction,
    }
    this.#sayHello = () => {
      // While nobody is there they would wait, and come all at once.
      if (this.#terms.end.isConnected !== false) this.#send([this.#header('HELLO', 0), encodeBody(body, 'msgpack')])
    }
    this.#sayHello()
    this.#hello = setInterval(this.#sayHello, HELLO_EVERY_MS)
  }

  /** This process itself stood still for so long: what came meanwhile is still to be read. */
  excuse(ms: number): void {
    this.#heardMs += ms
  }

  /** Asks the farm whether it still knows this worker: it answers WELCOME or REFUSED. */
  ask(): void {
    this.#sayHello?.()
  }

  /** Takes a message from the inbox. What is not a frame of this farm for this incarnation is dropped. */
  came(parts: readonly Uint8Array[]): void {
    const header = decodeHeader(parts)
    if (header?.version !== WIRE_VERSION || !this.#isMine(header)) return this.#drop('is not for this worker')
    this.#heardMs = performance.now()
    this.#acknowledge(header)
    if (header.kind === 'WELCOME') return this.#welcomed(header, parts[1]!)
    if (header.kind === 'REFUSED') return this.#refused(parts[1]!)
    if (this.#welcome === undefined || header.kind === 'BEAT') return
    if (this.#link.arrive(header.sequence) !== 'take') return
    this.#take(header.kind, parts.slice(1), this.#welcome)
  }

  /** Says that it leaves. What has not begun goes to others; resolves when what runs has ended. */
  async leave(): Promise<void> {
    if (this.#welcome === undefined) return
    this.#number('BYE', [encodeBody({}, 'msgpack')])
    await this.#runner?.drain()
  }

  /** Aborts what runs and resolves when it has ended. */
  async end(reason: unknown): Promise<void> {
    this.#hasEnded = true
    clearInterval(this.#hello)
    await this.#runner?.stop(reason)
    clearInterval(this.#beat)
  }

  /** REFUSED may come from a farm whose run is not known, or that has another by now. */
  #isMine({ kind, run, incarnation }: Header): boolean {
    if (incarnation !== this.#terms.incarnation) return false
    return run === this.#run || (this.#run === '' && kind === 'WELCOME') || kind === 'REFUSED'
  }

  #take(kind: FrameKind, parts: BodyParts, { encoding }: Welcome): void {
    if (kind === 'TASKS') {
      const body = decodeParts('TASKS', parts, encoding)
      if (body !== undefined) return this.#runner?.accept(body)
    } else if (kind === 'CREDIT') {
      const body = decodeParts('CREDIT', parts, encoding)
      for (const [ticket, upTo] of body?.allowed ?? []) this.#runner?.allow(ticket, upTo)
      if (body !== undefined) return
    } else if (kind === 'CANCEL') {
      const body = decodeParts('CANCEL', parts, encoding)
      if (body !== undefined) {
        return this.#runner?.cancel(body.tickets, new TroupeError('ABORTED', 'the task is not wanted any more'))
      }
    } else if (kind === 'BYE') return this.#terms.dismissed()
    this.#drop('cannot be read')
  }

  #welcomed({ run }: Header, part: Uint8Array): void {
    const welcome = decodeBody('WELCOME', part, 'msgpack')
    if (welcome === undefined || this.#welcome !== undefined || this.#hasEnded) return
    const { tasks, log, introduction } = this.#terms
    this.#run = run
    this.#welcome = welcome
    const { graceMs, encoding, maxMessageBytes } = welcome
    this.#runner = new TaskRunner({
      ...{ tasks, concurrency: introduction.slots ?? welcome.concurrency, graceMs, log },
      send: (results) => {
        for (const body of encodeResults(results, encoding, maxMessageBytes)) this.#number('RESULTS', body)
      },
      update: (update) => {
        const { bodies, refused } = encodeUpdate(update, encoding, maxMessageBytes)
        for (const body of bodies) this.#number('UPDATE', body)
        return refused
      },
    })
    clearInterval(this.#hello)
    this.#beat = setInterval(() => this.#sayBeat(), welcome.heartbeatMs)
    // The farm gives nothing to who has not shown that the WELCOME reached it.
    this.#sayBeat()
    this.#terms.welcomed(welcome)
  }

  #sayBeat(): void {
    if (this.#terms.end.isConnected === false) return
    const memoryMiB = usedMiB(this.#terms.isolation)
    const body = memoryMiB === undefined ? null : { memoryMiB }
    this.#send([this.#header('BEAT', this.#link.sent), encodeBody(body, 'msgpack')])
  }

  #refused(part: Uint8Array): void {
    const { code = 'REFUSED', message = 'it did not say why' } = decodeBody('REFUSED', part, 'msgpack') ?? {}
    this.#terms.refused(code, message)
  }

  /** Sends a numbered frame. */
  #number(kind: FrameKind, parts: BodyParts): void {
    this.#send(this.#link.send(performance.now(), (sequence) => [this.#header(kind, sequence), ...parts]))
  }

  #acknowledge({ acknowledged }: Header): void {
    const now = performance.now()
    this.#link.acknowledge(now, acknowledged)
    const { heartbeatMs = 0 } = this.#welcome ?? {}
    for (const frame of this.#link.overdue(now, 3 * heartbeatMs)) this.#send(frame)
  }

  #header(kind: FrameKind, sequence: number): Uint8Array {
    const { incarnation } = this.#terms
    const { token } = this.#welcome ?? {}
    return encodeHeader({ kind, run: this.#run, incarnation, sequence, acknowledged: this.#link.received, token })
  }

  #send(parts: readonly Uint8Array[]): void {
    const { isolation, end, log } = this.#terms
    const own = isolation === 'inline' ? ownedParts(parts) : parts
    end.send(own).catch((error: unknown) => log.debug({ err: errorData(error) }, 'a frame was not sent'))
  }

  #drop(why: string): void {
    this.#unread++
    if (isTold(this.#unread)) {
      this.#terms.log.warn({ unread: this.#unread }, `a message ${why} and was dropped`)
    }
  }
}
