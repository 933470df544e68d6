/**
 * The bodies of an actor, one after the other: when one has had its share or its time, the next goes on with the mailbox
 * as it is.
 */
import { deferred, TroupeError } from '@troupe/core'
import type { CheckedActorOptions } from './actor.options.js'
import type { Body } from './body.js'
import { asFailure, type BodyExit, type Exit } from './exit.js'
import type { Letter } from './letter.js'
import type { Mailbox } from './mailbox.js'
import type { ActorSnapshot } from './snapshot.js'
import type { SnapshotKeeper } from './snapshot-keeper.js'

export interface SeriesTerms {
  readonly name: string
  readonly options: CheckedActorOptions
  readonly mailbox: Mailbox<Letter>
  readonly keeper: SnapshotKeeper | undefined
  /** Starts a body, from a snapshot if there is one. */
  make(kept: unknown): Body
  /** A body has ended and the next goes on. `lost` is what may have been lost with it. */
  replaced(lost: readonly Letter[]): void
  /** The last body has ended. */
  ended(lost: readonly Letter[]): void
}

export class BodySeries {
  readonly #terms: SeriesTerms
  readonly #ready = deferred()
  readonly #killed = deferred()
  readonly #ended: Promise<Exit>
  #body: Body | undefined
  #use: 'wanted' | 'terminated' | 'killed' = 'wanted'
  #why: TroupeError | undefined
  #isWatched = false
  #isFirst = true
  /** Of the body's start if it is not the first, of its age, and of its replacement. */
  #timer: NodeJS.Timeout | undefined
  #replacing: 'no' | 'asked' | 'killed' = 'no'

  constructor(terms: SeriesTerms) {
    this.#terms = terms
    this.#ended = this.#live()
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /** How the last one ended. Never rejects. */
  get ended(): Promise<Exit> {
    return this.#ended
  }

  get pid(): number | undefined {
    return this.#body?.pid
  }

  get now(): ActorSnapshot | undefined {
    return this.#body?.now
  }

  terminate(): void {
    if (this.#use === 'wanted') this.#use = 'terminated'
    // From now on the stop has its own time.
    clearTimeout(this.#timer)
    if (this.#body !== undefined) this.#terminate(this.#body)
  }

  kill(why?: TroupeError): void {
    this.#use = 'killed'
    this.#why ??= why
    this.#killed.resolve()
    this.#body?.kill(why)
  }

  watch(): void {
    this.#isWatched = true
    this.#body?.watch()
  }

  withdraw(letter: Letter): void {
    this.#body?.withdraw(letter)
  }

  heard(): void {
    this.#body?.heard(1)
  }

  /** The body takes nothing more: it has so long to end, then it is killed. */
  replacing(): void {
    const { shutdownMs } = this.#terms.options
    this.#replacing = 'asked'
    clearTimeout(this.#timer)
    if (shutdownMs === 'infinity' || this.#use !== 'wanted') return
    this.#timer = setTimeout(
      () => {
        this.#replacing = 'killed'
        this.#body?.kill()
      },
      shutdownMs === 'brutal_kill' ? 0 : shutdownMs,
    )
  }

  async #live(): Promise<Exit> {
    const exit = await this.#liveOn().catch((error: unknown): Exit => {
      return { reason: 'failed', error: asFailure(this.#terms.name, error) }
    })
    if (exit.reason === 'failed') this.#ready.reject(exit.error)
    else this.#ready.resolve()
    return exit
  }

  async #liveOn(): Promise<Exit> {
    const { keeper } = this.#terms
    for (;;) {
      const kept = await this.#unlessKilled(keeper?.load())
      if (this.#use === 'killed') return this.#exitByKill()
      const body = this.#start(kept)
      const exit = await this.#endOf(body)
      if (await this.#goesOn(exit, kept)) this.#terms.replaced(body.unsure)
      else {
        this.#terms.ended(body.unsure)
        if (exit.reason === 'normal') await this.#unlessKilled(keeper?.forget())
        return this.#isReplaced(exit) ? this.#exitOfReplaced() : (exit as Exit)
      }
    }
  }

  async #endOf(body: Body): Promise<BodyExit> {
    const exit = await body.ended
    clearTimeout(this.#timer)
    await body.release()
    await this.#unlessKilled(this.#terms.keeper?.safe)
    this.#terms.mailbox.putBack(body.untaken)
    // One that was started for a stop may have come to its end before it was told of that.
    const isStopped = this.#use === 'terminated' && !this.#isFirst
    return isStopped && exit.reason === 'normal' ? { reason: 'shutdown' } : exit
  }

  /** A journal may take for ever, and what was killed does not wait for it. */
  async #unlessKilled<Value>(promise: Promise<Value> | undefined): Promise<Value | undefined> {
    return promise === undefined ? undefined : ((await Promise.race([promise, this.#killed.promise])) as Value)
  }

  #start(kept: unknown): Body {
    const isFirst = this.#body === undefined
    const body = this.#terms.make(kept)
    this.#body = body
    this.#isFirst = isFirst
    this.#replacing = 'no'
    if (!isFirst) this.#limitStart(body)
    if (this.#use === 'terminated') this.#terminate(body)
    if (this.#isWatched) body.watch()
    body.ready.then(
      () => this.#grows(body),
      () => undefined,
    )
    return body
  }

  /** The first one is waited for by who starts the actor. */
  #limitStart(body: Body): void {
    const { name, options } = this.#terms
    const { startTimeoutMs } = options
    if (startTimeoutMs === 0) return
    const why = `actor ${name}, which was replaced, was not ready again in ${startTimeoutMs} ms`
    this.#timer = setTimeout(() => body.kill(new TroupeError('START_TIMEOUT', why)), startTimeoutMs)
  }

  /** One that goes on for another takes the rest of the mailbox first, for which it has to have started. */
  #terminate(body: Body): void {
    const terminate = () => body.terminate()
    if (this.#isFirst) terminate()
    else body.ready.then(terminate, () => undefined)
  }

  #grows(body: Body): void {
    clearTimeout(this.#timer)
    this.#ready.resolve()
    const { maxAgeMs } = this.#terms.options
    if (maxAgeMs === 0 || this.#replacing !== 'no' || this.#use !== 'wanted') return
    this.#timer = setTimeout(() => {
      this.replacing()
      body.recycle()
    }, maxAgeMs)
  }

  /** Whether it had its share or its time. */
  #isReplaced({ reason }: BodyExit): boolean {
    return reason === 'recycled' || (reason === 'killed' && this.#replacing === 'killed')
  }

  #exitByKill(): Exit {
    return this.#why === undefined ? { reason: 'killed' } : failed(this.#why)
  }

  #exitOfReplaced(): Exit {
    return this.#use === 'killed' ? this.#exitByKill() : { reason: 'shutdown' }
  }

  async #goesOn(exit: BodyExit, kept: unknown): Promise<boolean> {
    // One that is stopped is still to take what its mailbox holds.
    if (this.#isReplaced(exit) && this.#use === 'terminated') return this.#terms.mailbox.size > 0
    if (this.#use !== 'wanted') return false
    if (this.#isReplaced(exit)) return true
    if (exit.reason !== 'failed' || kept === undefined || exit.error.code !== 'SNAPSHOT_REFUSED') return false
    return (await this.#terms.keeper?.discards(exit.error)) ?? false
  }
}

const failed = (error: TroupeError): Exit => ({ reason: 'failed', error })
