/**
 * An actor in a process or thread of its own, seen from its owner.
 */
import { type Clock, deferred, errorData, errorFrom, systemClock, TroupeError } from '@troupe/core/kernel'
import type { Body, BodyTerms } from './body.js'
import { ActorExitedError, ActorHungError, asFailure, type BodyExit, OutOfMemoryError } from './exit.js'
import { FROM_ACTOR, type Frame, LETTERS_AHEAD, NO_BODY, TO_ACTOR } from './frame.js'
import type { Inspected } from './inspected.js'
import type { Answer, DeadLetterReason, Letter } from './letter.js'
import type { ModuleExport } from './load-export.js'
import type { MachineTransition } from './machine-transition.js'
import { pack, unpack } from './packing.js'
import type { Call } from './place.js'
import { RemoteSystem } from './remote-system.js'
import { SilenceWatch } from './silence-watch.js'
import type { ActorSnapshot } from './snapshot.js'
import type { Boot, FromHost, ToHost } from './words.js'

/** The owner's end of the pipe. */
export interface OwnersPipe {
  send(frame: Frame): Promise<void> | void
  close(): Promise<void>
}

export interface HostEvents {
  word(word: FromHost): void
  frame(frame: Frame): void
  /** It failed, and will exit or has done so. */
  failed(error: unknown): void
  /** It had no more memory, and will exit or has done so. */
  outOfMemory(): void
  exited(exitCode: number | null, signal: string | null): void
}

/** A process or a thread that runs an actor. */
export interface Host {
  readonly what: 'process' | 'thread'
  /** Whether all that a pipe needs is loaded there. */
  readonly isWarm: boolean
  readonly pid: number | undefined
  /** @throws what cannot be cloned */
  boot(boot: Omit<Boot, 'folder' | 'place'>): void
  tell(word: ToHost): void
  /** Opens the pipe. Called once. */
  open(failed: (error: unknown) => void): OwnersPipe
  kill(): void
  release(): Promise<void>
}

export type StartHost = (terms: BodyTerms, events: HostEvents) => Host

export interface RemoteTerms {
  readonly terms: BodyTerms
  /** The snapshot to start from. */
  readonly kept: unknown
  readonly code: ModuleExport
  readonly start: StartHost
  readonly clock?: Clock
}

export class RemoteBody implements Body {
  readonly now = undefined
  readonly #terms: BodyTerms
  readonly #host: Host
  readonly #ready = deferred()
  readonly #ended = deferred<BodyExit>()
  readonly #silence: SilenceWatch
  readonly #system = new RemoteSystem((wanted) => this.#host.tell({ type: 'inspect', wanted }))
  #pipe: OwnersPipe | undefined
  /** Sent, and not known to be taken. */
  #underway: Letter[] = []
  readonly #withdrawn = new WeakSet<Letter>()
  #roomForLetters: (() => void) | undefined
  #heardUntold = 0
  #failure: TroupeError | undefined
  #exit: BodyExit | undefined
  #told: 'nothing' | 'terminate' | 'recycle' | 'kill' = 'nothing'
  #taken = 0
  /** Whether it has said how many letters it has taken in all. */
  #hasCounted = false

  constructor({ terms, kept, code, start, clock = systemClock }: RemoteTerms) {
    this.#terms = terms
    const { hangMs } = terms.options
    this.#host = start(terms, {
      word: (word) => this.#word(word),
      frame: (frame) => this.#frame(frame),
      failed: (error) => this.#fail(asFailure(terms.name, error)),
      outOfMemory: () => this.#fail(new OutOfMemoryError(terms.name, terms.options.maxMemoryMiB)),
      exited: (exitCode, signal) => this.#exited(exitCode, signal),
    })
    this.#silence = new SilenceWatch({
      ...{ hangMs, clock, ping: () => this.#host.tell({ type: 'ping' }) },
      silent: () => this.kill(new ActorHungError(terms.name, hangMs)),
    })
    this.#boot(code, kept)
    // Behind the boot, before which the host knows nothing.
    void this.#ended.promise.then(terms.inspectable(this.#system))
    // It can be opened while the actor's code is loaded.
    if (this.#host.isWarm) this.#open()
    void this.#pump()
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get ended(): Promise<BodyExit> {
    return this.#ended.promise
  }

  get pid(): number | undefined {
    return this.#host.pid
  }

  get untaken(): readonly Letter[] {
    return this.#hasCounted ? this.#wanted : []
  }

  get unsure(): readonly Letter[] {
    return this.#hasCounted ? [] : this.#wanted
  }

  get #wanted(): readonly Letter[] {
    return this.#underway.filter((letter) => !this.#withdrawn.has(letter))
  }

  withdraw(letter: Letter): void {
    if (letter.kind !== 'ask' || !this.#underway.includes(letter)) return
    this.#withdrawn.add(letter)
    void this.#pipe?.send({ kind: TO_ACTOR.withdrawn, number: letter.id, body: NO_BODY })
  }

  terminate(): void {
    if (this.#told !== 'kill') this.#told = 'terminate'
    this.#host.tell({ type: 'terminate' })
  }

  recycle(): void {
    if (this.#told !== 'nothing') return
    this.#told = 'recycle'
    this.#terms.mailbox.release()
    this.#host.tell({ type: 'recycle' })
  }

  kill(why?: TroupeError): void {
    if (why !== undefined) this.#fail(why)
    this.#told = 'kill'
    this.#host.kill()
  }

  watch(): void {
    this.#host.tell({ type: 'watch' })
  }

  heard(count: number): void {
    this.#heardUntold += count
    if (this.#pipe === undefined || this.#exit !== undefined) return
    if (this.#heardUntold < this.#terms.options.pipeLimit / 2) return
    void this.#pipe.send({ kind: TO_ACTOR.heard, number: this.#heardUntold, body: NO_BODY })
    this.#heardUntold = 0
  }

  async release(): Promise<void> {
    await this.#pipe?.close()
    await this.#host.release()
  }

  #boot({ module, export: exported }: ModuleExport, kept: unknown): void {
    const { name, place, args, options, said } = this.#terms
    const { pipeLimit, maxTasks, maxMemoryMiB, persist } = options
    try {
      this.#host.boot({
        ...{ type: 'boot', name, path: place?.path, module: module.href, export: exported, args },
        ...{ pipeLimit, unheard: said.size, maxTasks, maxMemoryMiB, persists: persist !== undefined, kept },
      })
    } catch (cause) {
      const why = `the arguments of actor ${name} cannot be sent to a ${this.#host.what}: ${errorData(cause).message}`
      this.kill(new TroupeError('ENCODE_FAILED', why, { cause }))
    }
  }

  /** Sends what is in the mailbox, a few letters ahead of the actor. */
  async #pump(): Promise<void> {
    const ahead = Math.min(LETTERS_AHEAD, this.#terms.options.pipeLimit)
    const { mailbox } = this.#terms
    while (this.#told !== 'recycle' && this.#told !== 'kill' && this.#exit === undefined) {
      if (this.#underway.length >= ahead) {
        await new Promise<void>((resolve) => {
          this.#roomForLetters = resolve
        })
        continue
      }
      const letter = mailbox.poll() ?? (await mailbox.take())
      if (letter === undefined) return this.#endPipe()
      this.#underway.push(letter)
      const { kind, message } = letter
      const body = kind === 'notice' ? pack(message) : (message as Uint8Array)
      await this.#open()?.send({ kind: TO_ACTOR[kind], number: kind === 'ask' ? letter.id : 0, body })
    }
  }

  #endPipe(): void {
    if (this.#told === 'recycle') return
    if (this.#pipe !== undefined) void this.#pipe.send({ kind: TO_ACTOR.end, number: 0, body: NO_BODY })
    else this.#host.tell({ type: 'end' })
  }

  #word(word: FromHost): void {
    this.#silence.heard()
    switch (word.type) {
      case 'ready':
        this.#silence.start()
        return this.#ready.resolve()
      case 'pong':
        return
      case 'open-pipe':
        return void this.#open()
      case 'recycling':
        return this.#recycling(word.taken)
      case 'ending':
        return this.#drain(word.taken)
      case 'ended':
        this.#exit = word.exit
        return this.#tookInAll(word.taken)
      case 'out-of-memory':
        return this.#fail(new OutOfMemoryError(this.#terms.name, this.#terms.options.maxMemoryMiB))
      case 'failed':
        this.#tookInAll(word.taken)
        return this.#fail(asFailure(this.#terms.name, errorFrom(word.error)))
    }
  }

  #frame({ kind, number, body }: Frame): void {
    this.#silence.heard()
    const { said } = this.#terms
    const events = this.#terms
    switch (kind) {
      case FROM_ACTOR.message:
        return void said.force({ message: unpack(body) })
      case FROM_ACTOR.answer:
        return events.answered(number, unpack(body) as Answer)
      case FROM_ACTOR.snapshot:
        return events.snapshot(unpack(body) as ActorSnapshot)
      case FROM_ACTOR.keep:
        return events.keep(unpack(body))
      case FROM_ACTOR.dead: {
        const { reason, message } = unpack(body) as { reason: DeadLetterReason; message: unknown }
        return events.dead(reason, message)
      }
      case FROM_ACTOR.call:
        return void this.#call(number, unpack(body) as Call)
      case FROM_ACTOR.inspected:
        return this.#system.came(unpack(body) as Inspected)
      case FROM_ACTOR.transition:
        return this.#system.took(unpack(body) as MachineTransition)
      case FROM_ACTOR.taken:
        return this.#tookUpTo(number)
      case FROM_ACTOR.end:
        return this.#host.tell({ type: 'drained' })
    }
  }

  async #call(id: number, call: Call): Promise<void> {
    const answer = await this.#terms.call(call).then(
      (value): Answer => ({ value }),
      (error: unknown): Answer => ({ error: errorData(error) }),
    )
    void this.#pipe?.send({ kind: TO_ACTOR.called, number: id, body: pack(answer) })
  }

  #recycling(taken: number): void {
    this.#tookInAll(taken)
    if (this.#told !== 'nothing') return
    this.#told = 'recycle'
    this.#terms.mailbox.release()
    this.#terms.recycling()
  }

  #drain(taken: number): void {
    this.#tookInAll(taken)
    // One whose pipe could not be opened has nothing in it.
    if (this.#pipe === undefined) this.#host.tell({ type: 'drained' })
  }

  #tookInAll(taken: number): void {
    this.#hasCounted = true
    this.#tookUpTo(taken)
  }

  #tookUpTo(taken: number): void {
    if (taken <= this.#taken) return
    this.#underway.splice(0, taken - this.#taken)
    this.#taken = taken
    this.#roomForLetters?.()
    this.#roomForLetters = undefined
  }

  /** Opens the pipe when it is first used by one of the two. */
  #open(): OwnersPipe | undefined {
    if (this.#pipe !== undefined || this.#exit !== undefined) return this.#pipe
    try {
      this.#pipe = this.#host.open((error) => {
        if (this.#exit === undefined) this.kill(asFailure(this.#terms.name, error))
      })
    } catch (cause) {
      const why = `the pipe of actor ${this.#terms.name} has no place: ${errorData(cause).message}`
      const isOurs = cause instanceof TroupeError
      this.kill(isOurs ? cause : new TroupeError('ENDPOINT_UNAVAILABLE', why, { cause }))
    }
    return this.#pipe
  }

  #fail(error: TroupeError): void {
    this.#failure ??= error
    // One that could not even be started has no exit to wait for.
    if (this.#host?.pid === undefined && this.#host?.what === 'process') this.#exited(null, null)
  }

  #exited(exitCode: number | null, signal: string | null): void {
    this.#silence.stop()
    this.#exit = this.#exitOf(exitCode, signal)
    if (this.#exit.reason === 'failed') this.#ready.reject(this.#exit.error)
    else this.#ready.resolve()
    this.#ended.resolve(this.#exit)
    this.#terms.mailbox.release()
    this.#roomForLetters?.()
  }

  #exitOf(exitCode: number | null, signal: string | null): BodyExit {
    if (this.#failure !== undefined) return { reason: 'failed', error: this.#failure }
    if (this.#exit !== undefined) return this.#exit
    if (this.#told === 'kill') return { reason: 'killed' }
    return { reason: 'failed', error: new ActorExitedError(this.#terms.name, exitCode, signal, this.#host.what) }
  }
}
