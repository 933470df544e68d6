/**
 * What an actor is behind its public face: its mailbox, its bodies and its lifecycle, and what goes on between them.
 */
import {
  ClosedError,
  errorData,
  Lifecycle,
  type LifecycleResource,
  type Logger,
  resolveLog,
  TimeoutError,
  TroupeError,
  type WaitOptions,
  within,
} from '@troupe/core'
import type { InspectionEvent } from 'xstate'
import type { CheckedActorOptions } from './actor.options.js'
import { Asks } from './asks.js'
import type { Body, BodyTerms, Said } from './body.js'
import { BodySeries, type SeriesTerms } from './body-series.js'
import { DeadLetters } from './dead-letters.js'
import type { Exit, ShutdownTime } from './exit.js'
import { toldTo } from './inspect-option.js'
import type { Answer, DeadLetterReason, Down, Letter } from './letter.js'
import { downOf, type Linked, link, linkEffect, type Monitored, monitor } from './links.js'
import { Mailbox } from './mailbox.js'
import type { Call, Observed, Place } from './place.js'
import type { PreparedCode } from './prepared-code.js'
import type { ActorSnapshot } from './snapshot.js'
import { SnapshotKeeper } from './snapshot-keeper.js'
import { Snapshots } from './snapshots.js'

export class ActorCore implements BodyTerms, SeriesTerms, LifecycleResource, Linked {
  readonly options: CheckedActorOptions
  readonly args: unknown
  readonly place: Place | undefined
  readonly mailbox: Mailbox<Letter>
  readonly said: Mailbox<Said>
  readonly asks = new Asks()
  readonly snapshots: Snapshots
  readonly deadLetters: DeadLetters
  readonly keeper: SnapshotKeeper | undefined
  readonly bodies: BodySeries
  readonly lifecycle: Lifecycle
  /** How it ended. Never rejects. */
  readonly exit: Promise<Exit>
  readonly code: PreparedCode
  readonly #inspector: ((event: InspectionEvent) => void) | undefined
  #shutdownMs: ShutdownTime

  constructor(code: PreparedCode, args: unknown, place: Place | undefined) {
    const { options } = code
    const { pipeLimit: limit, whenFull, persist, inspect } = options
    this.code = code
    this.options = options
    this.args = args
    this.place = place
    this.#shutdownMs = options.shutdownMs
    const failed = (error: unknown) => this.log().error({ err: errorData(error) }, 'a listener of an actor failed')
    this.#inspector = inspect && toldTo(inspect, failed)
    this.snapshots = new Snapshots(failed)
    this.deadLetters = new DeadLetters({ path: this.where, tree: place?.tree, code, failed })
    const what = `the pipe of actor ${code.name}`
    this.mailbox = new Mailbox({
      ...{ what, limit, whenFull, keeps: isNotice },
      dropped: (letter) => this.#dropped(letter),
    })
    this.said = new Mailbox({ what, limit, taken: () => this.bodies.heard() })
    this.keeper = persist && new SnapshotKeeper(persist, this.where, () => this.log())
    this.bodies = new BodySeries(this)
    this.lifecycle = new Lifecycle(this)
    const ended = this.inspectable(this.lifecycle)
    this.exit = this.#watch()
    if (ended !== undefined) void this.exit.then(ended)
  }

  get name(): string {
    return this.code.name
  }

  /** Its path in its tree, or its name if it is in none. */
  get where(): string {
    return this.place?.path ?? this.name
  }

  get what(): string {
    return `actor ${this.name}`
  }

  get id(): string {
    return `lifecycle of ${this.where}`
  }

  get hasEnded(): boolean {
    return this.lifecycle.state === 'stopped' || this.lifecycle.state === 'failed'
  }

  log(): Logger {
    return resolveLog(this.options.log).child({ actor: this.where })
  }

  // What it is to those who monitor it and are linked to it.

  async down(): Promise<Down> {
    return downOf(this.where, await this.exit)
  }

  monitor(target: Monitored): () => void {
    return monitor(target, (down) => this.mailbox.force({ kind: 'notice', message: down }))
  }

  linkBroken(down: Down): void {
    const effect = linkEffect(this.name, down, this.options.trapExit)
    if (effect.type === 'notice') this.mailbox.force({ kind: 'notice', message: effect.notice })
    if (effect.type === 'stop') void this.lifecycle.stop()
    if (effect.type === 'kill') this.kill(effect.why)
  }

  /** Stops it, within another time if one is given. */
  async stop(timeoutMs: ShutdownTime | undefined): Promise<void> {
    if (timeoutMs !== undefined) this.#shutdownMs = timeoutMs
    if (timeoutMs === 'brutal_kill') this.kill()
    // One that stops already may have been given longer.
    else if (timeoutMs !== undefined && this.lifecycle.state === 'stopping') void this.#endOrKill(timeoutMs)
    await this.lifecycle.stop()
  }

  kill(why?: TroupeError): void {
    this.#shutdownMs = 'brutal_kill'
    this.bodies.kill(why)
  }

  // What its bodies tell.

  make(kept: unknown): Body {
    return this.code.body(this, kept)
  }

  answered(id: number, answer: Answer): void {
    // What it has done is kept before anybody hears of it.
    const safe = this.keeper?.safe
    if (safe === undefined) this.asks.answered(id, answer)
    else void safe.then((isSafe) => isSafe && this.asks.answered(id, answer))
  }

  snapshot(snapshot: ActorSnapshot): void {
    this.snapshots.came(snapshot)
  }

  keep(persisted: unknown): void {
    this.keeper?.keep(persisted, (error) => this.kill(error))
  }

  dead(reason: DeadLetterReason, message: unknown): void {
    this.deadLetters.add(reason, message)
  }

  recycling(): void {
    this.bodies.replacing()
  }

  /** Shows its tree and its inspector a machine that runs, until what this returns is called. */
  inspectable(one: Observed): (() => void) | undefined {
    const ended = this.place?.tree.began(this.place.path, one)
    const inspection = this.#inspector && one.inspect(this.#inspector)
    if (inspection === undefined) return ended
    return () => {
      ended?.()
      inspection.unsubscribe()
    }
  }

  async call(call: Call, wait: WaitOptions = {}): Promise<unknown> {
    if (this.place === undefined) throw new TroupeError('NO_ACTOR', `actor ${this.name} is in no tree`)
    const address = this.place.tree.lookup(call.path)
    switch (call.type) {
      case 'monitor':
        return void this.monitor(address)
      case 'link': {
        const other = await address.linked()
        return void (other === undefined ? this.linkBroken(await address.down()) : link(this, other, call.path))
      }
      default: {
        const { timeoutMs } = call
        return await address[call.type](call.message, { ...wait, ...(timeoutMs !== undefined && { timeoutMs }) })
      }
    }
  }

  // What its lifecycle does.

  async open(): Promise<void> {
    const { startTimeoutMs, signal } = this.options
    // What the actor raises is told apart from what ends the wait for it, which may look the same.
    const ready = this.bodies.ready.then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    const wait = { timeoutMs: startTimeoutMs, signal }
    const failure = await within(`the start of actor ${this.name}`, wait, ready).catch((error: unknown) => {
      this.#shutdownMs = 'brutal_kill'
      if (!(error instanceof TimeoutError)) throw error
      throw new TroupeError(
        'START_TIMEOUT',
        `actor ${this.name} was not ready in ${startTimeoutMs} ms: it is when it first uses its pipe, calls ready(), or returns`,
      )
    })
    if (failure !== undefined) throw failure.error
  }

  async close(): Promise<void> {
    if (this.#shutdownMs === 'brutal_kill') this.bodies.kill()
    else {
      this.bodies.terminate()
      this.mailbox.end()
      await this.#endOrKill(this.#shutdownMs)
    }
    await this.bodies.ended
  }

  /** Waits for its end for so long, then kills it. */
  async #endOrKill(shutdownMs: number | 'infinity'): Promise<void> {
    const timeoutMs = shutdownMs === 'infinity' ? 0 : Math.max(1, shutdownMs)
    await within('its end', { timeoutMs }, this.bodies.ended).catch(() => this.bodies.kill())
  }

  async #watch(): Promise<Exit> {
    const exit = await this.bodies.ended
    this.#empty(exit)
    if (exit.reason === 'failed') this.lifecycle.fail(exit.error)
    // One that returns at once has been ready too: it has started before it stops.
    await this.lifecycle.running().catch(() => undefined)
    await this.lifecycle.stop()
    this.snapshots.ended(exit)
    return exit
  }

  /** Nobody takes what is in its mailbox any more, and who waits for an answer gets none. */
  #empty(exit: Exit): void {
    this.ended(this.mailbox.close())
    const why =
      exit.reason === 'failed' ? exit.error : new ClosedError(`actor ${this.name}`, `it ended (${exit.reason})`)
    this.asks.failAll(why)
    // What it had said can still be taken.
    this.said.unbound()
    this.said.end()
  }

  /** What is lost with a body that had it. */
  ended(lost: readonly Letter[]): void {
    for (const letter of lost) if (letter.kind !== 'notice') this.deadLetters.addLetter('unread', letter)
  }

  /** What its last body had taken and not answered, nobody answers any more. */
  replaced(lost: readonly Letter[]): void {
    this.ended(lost)
    const waiting = this.mailbox.contents.flatMap((letter) => (letter.kind === 'ask' ? [letter.id] : []))
    const error = new ClosedError(`actor ${this.name}`, 'it was replaced before it answered')
    this.asks.failOthers(new Set(waiting), error)
  }

  #dropped(letter: Letter): void {
    this.deadLetters.addLetter('dropped', letter)
    if (letter.kind !== 'ask') return
    const why = `the mailbox of actor ${this.name} is full, and the ask was dropped`
    this.asks.fail(letter.id, new TroupeError('QUEUE_FULL', why, { retryable: true }))
  }
}

/** What it was promised to be told it is told, however full its mailbox is. */
const isNotice = ({ kind }: Letter): boolean => kind === 'notice'
