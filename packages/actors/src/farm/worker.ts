/**
 * A farm's worker, as an actor: it opens its end of the channel, says HELLO to the farm until it is welcome, and
 * runs what comes.
 */
import type { MessagePort } from 'node:worker_threads'
import { errorData, type Logger, TroupeError } from '@troupe/core'
import type { ActorContext } from '../actor/actor-context.js'
import type { Pipe } from '../actor/pipe.js'
import { encodeResults, encodeUpdate } from './answers-frame.js'
import { ownedParts } from './binary-parts.js'
import { Equipment, type EquippedTask } from './equipment.js'
import { Link } from './link.js'
import { loadTasks } from './load-tasks.js'
import { TaskRunner } from './task-runner.js'
import { usedMiB } from './used-memory.js'
import {
  BODY_ENCODINGS,
  type BodyEncoding,
  type BodyParts,
  decodeBody,
  decodeHeader,
  decodeParts,
  encodeBody,
  encodeHeader,
  type FrameKind,
  type Header,
  WIRE_VERSION,
} from './wire.js'
import { type SocketPlaces, type WorkerEnd, workerEnd } from './worker-end.js'
import { enterWorker } from './worker-mark.js'

/** How often HELLO is repeated until WELCOME comes, in ms. */
const HELLO_EVERY_MS = 200

/** What the farm tells a worker that it starts itself. */
export interface WorkerArgs {
  readonly id: string
  readonly isolation: 'process' | 'thread' | 'inline'
  readonly tags: readonly string[]
  readonly tasks: string
  readonly run: string
  readonly incarnation: string
  /** Where the two listen, or the port between their threads. */
  readonly way: SocketPlaces | MessagePort
  readonly concurrency: number
  readonly graceMs: number
  readonly heartbeatMs: number
}

/** The actor. It is ready when the farm has welcomed it. */
export async function farmWorker(_pipe: Pipe, args: WorkerArgs, { signal, log, ready }: ActorContext): Promise<void> {
  if (args.isolation !== 'inline') enterWorker()
  const tasks = await loadTasks(args.tasks)
  // Before HELLO: what cannot be set up does not join.
  const equipment = await Equipment.setUp(tasks, { worker: args.id, tags: args.tags, signal, log })
  const end = workerEnd(args.way, signal)
  const session = new WorkerSession(args, equipment.tasks, end, log, ready)
  try {
    session.hello(await end.inbox())
    await end.read((parts) => session.came(parts))
  } finally {
    await session.end(signal.reason)
    await end.close()
    await equipment.takeDown()
  }
}

/** One incarnation's talk with its farm. */
class WorkerSession {
  readonly #args: WorkerArgs
  readonly #end: WorkerEnd
  readonly #log: Logger
  readonly #ready: () => void
  readonly #link = new Link<readonly Uint8Array[]>()
  readonly #runner: TaskRunner
  readonly #taskNames: { name: string; version?: string | undefined }[]
  #encoding: BodyEncoding | undefined
  #hello: NodeJS.Timeout | undefined
  #beat: NodeJS.Timeout | undefined
  #unread = 0

  constructor(
    args: WorkerArgs,
    tasks: ReadonlyMap<string, EquippedTask>,
    end: WorkerEnd,
    log: Logger,
    ready: () => void,
  ) {
    this.#args = args
    this.#end = end
    this.#log = log
    this.#ready = ready
    this.#taskNames = [...tasks.values()].map(({ name, version }) => ({
      name,
      ...(version !== undefined && { version }),
    }))
    const { concurrency, graceMs } = args
    this.#runner = new TaskRunner({
      ...{ tasks, concurrency, graceMs, log },
      send: (results) => this.#number('RESULTS', encodeResults(results, this.#bodies)),
      update: (update) => {
        const { parts, refused } = encodeUpdate(update, this.#bodies)
        this.#number('UPDATE', parts)
        return refused
      },
    })
  }

  /** Says that it is there, until it is answered. */
  hello(inbox: string | undefined): void {
    const { tags } = this.#args
    const body = {
      ...(inbox !== undefined && { inbox }),
      pid: process.pid,
      tasks: this.#taskNames,
      encodings: [...BODY_ENCODINGS],
      ...(tags.length > 0 && { tags }),
    }
    const say = () => this.#send([this.#header('HELLO', 0), encodeBody(body, 'msgpack')])
    say()
    this.#hello = setInterval(say, HELLO_EVERY_MS)
  }

  /** Takes a message from the inbox. What is not a frame of this farm for this incarnation is dropped. */
  came(parts: readonly Uint8Array[]): void {
    const header = decodeHeader(parts)
    const { run, incarnation } = this.#args
    if (header?.version !== WIRE_VERSION || header.run !== run || header.incarnation !== incarnation) {
      return this.#drop('is not for this worker')
    }
    this.#acknowledge(header)
    if (header.kind === 'WELCOME') return this.#welcomed(parts[1]!)
    if (header.kind === 'REFUSED') return this.#refused(parts[1]!)
    if (this.#encoding === undefined || header.kind === 'BEAT') return
    if (this.#link.arrive(header.sequence) !== 'take') return
    this.#take(header.kind, parts.slice(1), this.#encoding)
  }

  async end(reason: unknown): Promise<void> {
    clearInterval(this.#hello)
    clearInterval(this.#beat)
    await this.#runner.stop(reason)
  }

  #take(kind: FrameKind, parts: BodyParts, encoding: BodyEncoding): void {
    if (kind === 'TASKS') {
      const body = decodeParts('TASKS', parts, encoding)
      if (body !== undefined) return this.#runner.accept(body)
    } else if (kind === 'CREDIT') {
      const body = decodeParts('CREDIT', parts, encoding)
      for (const [ticket, upTo] of body?.allowed ?? []) this.#runner.allow(ticket, upTo)
      if (body !== undefined) return
    } else if (kind === 'CANCEL') {
      const body = decodeParts('CANCEL', parts, encoding)
      if (body !== undefined) {
        return this.#runner.cancel(body.tickets, new TroupeError('ABORTED', 'the task is not wanted any more'))
      }
    }
    this.#drop('cannot be read')
  }

  #welcomed(part: Uint8Array): void {
    const welcome = decodeBody('WELCOME', part, 'msgpack')
    if (welcome === undefined || this.#encoding !== undefined) return
    this.#encoding = welcome.encoding
    clearInterval(this.#hello)
    this.#beat = setInterval(() => this.#sayBeat(), welcome.heartbeatMs)
    this.#ready()
  }

  #sayBeat(): void {
    const memoryMiB = usedMiB(this.#args.isolation)
    const body = memoryMiB === undefined ? null : { memoryMiB }
    this.#send([this.#header('BEAT', this.#link.sent), encodeBody(body, 'msgpack')])
  }

  #refused(part: Uint8Array): never {
    const refused = decodeBody('REFUSED', part, 'msgpack')
    throw new TroupeError(
      'VERSION_MISMATCH',
      `the farm refused this worker: ${refused?.message ?? 'it did not say why'}`,
    )
  }

  get #bodies(): BodyEncoding {
    return this.#encoding ?? 'msgpack'
  }

  /** Sends a numbered frame. */
  #number(kind: FrameKind, parts: BodyParts): void {
    this.#send(this.#link.send(performance.now(), (sequence) => [this.#header(kind, sequence), ...parts]))
  }

  #acknowledge({ acknowledged }: Header): void {
    const now = performance.now()
    this.#link.acknowledge(now, acknowledged)
    for (const frame of this.#link.overdue(now, 3 * this.#args.heartbeatMs)) this.#send(frame)
  }

  #header(kind: FrameKind, sequence: number): Uint8Array {
    const { run, incarnation } = this.#args
    return encodeHeader({ kind, run, incarnation, sequence, acknowledged: this.#link.received })
  }

  #send(parts: readonly Uint8Array[]): void {
    const own = this.#args.isolation === 'inline' ? ownedParts(parts) : parts
    this.#end.send(own).catch((error: unknown) => this.#log.debug({ err: errorData(error) }, 'a frame was not sent'))
  }

  #drop(why: string): void {
    this.#unread++
    this.#log.warn({ unread: this.#unread }, `a message ${why} and was dropped`)
  }
}
