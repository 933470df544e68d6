/**
 * The bodies of an actor, one after the other: when one has had its share or its time, the next goes on with the mailbox
 * as it is.
 */
import { deferred, type TroupeError } from '@troupe/core'
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
}

export class BodySeries {
  readonly #terms: SeriesTerms
  readonly #ready = deferred()
  readonly #ended: Promise<Exit>
  #body: Body | undefined
  #use: 'wanted' | 'terminated' | 'killed' = 'wanted'
  #why: TroupeError | undefined
  #isWatched = false
  /** Of the body's age, and of its replacement. */
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
    this.#body?.terminate()
  }

  kill(why?: TroupeError): void {
    this.#use = 'killed'
    this.#why ??= why
    this.#body?.kill(why)
  }

  watch(): void {
    this.#isWatched = true
    this.#body?.watch()
  }

  heard(): void {
    this.#body?.heard(1)
  }

  /** The body takes nothing more: it has so long to end, then it is killed. */
  replacing(): void {
    const { shutdownMs } = this.#terms.options
    this.#replacing = 'asked'
    clearTimeout(this.#timer)
    if (shutdownMs === 'infinity') return
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
    const { keeper, mailbox } = this.#terms
    for (;;) {
      const kept = keeper === undefined ? undefined : await keeper.load()
      if (this.#use === 'killed') return this.#why === undefined ? { reason: 'killed' } : failed(this.#why)
      const body = this.#start(kept)
      const exit = await body.ended
      clearTimeout(this.#timer)
      await body.release()
      await keeper?.safe
      if (!(await this.#goesOn(exit, kept))) return exit.reason === 'recycled' ? { reason: 'shutdown' } : exit
      mailbox.putBack(body.untaken)
    }
  }

  #start(kept: unknown): Body {
    const body = this.#terms.make(kept)
    this.#body = body
    this.#replacing = 'no'
    if (this.#use === 'terminated') body.terminate()
    if (this.#isWatched) body.watch()
    body.ready.then(
      () => this.#grows(body),
      () => undefined,
    )
    return body
  }

  #grows(body: Body): void {
    this.#ready.resolve()
    const { maxAgeMs } = this.#terms.options
    if (maxAgeMs === 0 || this.#replacing !== 'no' || this.#use !== 'wanted') return
    this.#timer = setTimeout(() => {
      this.replacing()
      body.recycle()
    }, maxAgeMs)
  }

  async #goesOn(exit: BodyExit, kept: unknown): Promise<boolean> {
    if (this.#use !== 'wanted') return false
    if (exit.reason === 'recycled') return true
    if (exit.reason === 'killed') return this.#replacing === 'killed'
    if (exit.reason !== 'failed' || kept === undefined || exit.error.code !== 'SNAPSHOT_REFUSED') return false
    return (await this.#terms.keeper?.discards(exit.error)) ?? false
  }
}

const failed = (error: TroupeError): Exit => ({ reason: 'failed', error })
