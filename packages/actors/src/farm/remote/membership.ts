/**
 * A worker's membership in a farm that was started elsewhere: it joins, and joins anew as another incarnation whenever the
 * farm has given it up, has ended, or is not heard any more.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type HandshakeFailure, type Logger, TimeoutError, TroupeError } from '@troupe/core'
import type { EquippedTask } from '../equipment.js'
import type { Welcome } from '../wire.js'
import { type Introduction, WorkerSession } from '../worker-session.js'
import { RemoteEnd, type RemotePlaces } from './remote-end.js'

/** How long one that was denied waits before it asks again, in ms. */
const DENIED_AGAIN_MS = 1_000

/** How often it is looked whether the farm is still there, in ms. */
const LOOK_MS = 250

export interface MembershipTerms {
  readonly places: RemotePlaces
  readonly isolation: 'process' | 'inline'
  readonly introduction: Introduction
  readonly tasks: ReadonlyMap<string, EquippedTask>
  /** How long the first welcome may take, in ms; 0 for ever. */
  readonly joinTimeoutMs: number
  readonly log: Logger
  /** It joins as another incarnation. */
  incarnated(incarnation: string): void
  /** The farm has welcomed it, for the first time or again. */
  welcomed(id: string): void
  /** It joins anew, because the farm is not there any more, or has given it up. */
  lost(why: string): void
  /** It and who listens at the farm's address do not let each other in: said once for each change of why. It goes on trying. */
  denied(why: string): void
}

/** How a session has ended. */
type End =
  | { readonly kind: 'left' | 'stopped' }
  /** It was not let in, and is to try again. */
  | { readonly kind: 'denied' }
  /** To be begun anew. */
  | { readonly kind: 'over'; readonly why: string; readonly isDenied?: boolean }
  | { readonly kind: 'failed'; readonly error: Error }

export class Membership {
  readonly #terms: MembershipTerms
  readonly #stop: AbortSignal
  readonly #leave: AbortSignal
  readonly #beganMs = performance.now()
  #wasWelcome = false
  /** Why it is not let in, as was said last. */
  #denial: string | undefined

  /** Ends when `leave` aborts and what runs has ended, or at once when `stop` aborts. */
  constructor(terms: MembershipTerms, { stop, leave }: { stop: AbortSignal; leave: AbortSignal }) {
    this.#terms = terms
    this.#stop = stop
    this.#leave = leave
  }

  /** @throws {TroupeError} `VERSION_MISMATCH` when the farm refuses it, `TIMEOUT` when none has welcomed it in time, `ACCESS_DENIED` when none has let it in by then, `WORKER_LOST` when a task did not end in time */
  async run(): Promise<void> {
    for (;;) {
      const end = await this.#session()
      if (end.kind === 'failed') throw end.error
      if (end.kind === 'over') this.#lost(end)
      else if (end.kind !== 'denied') return
      if (end.kind === 'denied' || end.isDenied) await this.#rest()
    }
  }

  /** Until it is worth asking again, its time is over, or it stops. */
  async #rest(): Promise<void> {
    const signal = AbortSignal.any([this.#stop, this.#leave])
    await delay(Math.min(DENIED_AGAIN_MS, this.#leftMs), undefined, { signal }).catch(() => undefined)
  }

  /** How long it may still take to be welcome. */
  get #leftMs(): number {
    const { joinTimeoutMs } = this.#terms
    if (this.#wasWelcome || joinTimeoutMs === 0) return Number.POSITIVE_INFINITY
    return Math.max(0, this.#beganMs + joinTimeoutMs - performance.now())
  }

  #lost({ why, isDenied }: Extract<End, { kind: 'over' }>): void {
    this.#denial = isDenied ? why : undefined
    this.#terms.log.warn({ why }, 'the farm is joined anew')
    this.#terms.lost(why)
  }

  #denied(why: string): void {
    if (why === this.#denial) return
    this.#denial = why
    this.#terms.log.warn({ why }, 'this worker is not let in')
    this.#terms.denied(why)
  }

  async #session(): Promise<End> {
    const { places, isolation, introduction, tasks, log, incarnated, welcomed } = this.#terms
    const incarnation = randomBytes(8).toString('hex')
    incarnated(incarnation)
    let over!: (end: End) => void
    const ended = new Promise<End>((resolve) => (over = resolve))
    let welcome: Welcome | undefined
    const end = new RemoteEnd(places, () => session.ask())
    const session = new WorkerSession({
      ...{ run: '', incarnation, isolation, introduction, tasks, end, log },
      welcomed: (given) => {
        welcome = given
        this.#wasWelcome = true
        this.#denial = undefined
        welcomed(given.id)
      },
      refused: (code, message) =>
        over(
          code === 'GIVEN_UP' ? { kind: 'over', why: message } : { kind: 'failed', error: refusedError(code, message) },
        ),
      dismissed: () => over(this.#leave.aborted ? { kind: 'left' } : { kind: 'over', why: 'the farm has ended' }),
    })
    let lookedMs = performance.now()
    const look = setInterval(() => {
      const nowMs = performance.now()
      // A timer comes before what has come meanwhile: a task that computes is not the silence of the farm.
      if (nowMs - lookedMs > 2 * LOOK_MS) session.excuse(nowMs - lookedMs)
      lookedMs = nowMs
      const how =
        welcome === undefined ? this.#unwelcome(end, inbox) : this.#doubtful(end, doubt(session, end, welcome, nowMs))
      if (how !== undefined) over(how)
    }, LOOK_MS)
    const onStop = () => over({ kind: 'stopped' })
    // Without a welcome there is nobody to be told.
    const onLeave = () => (welcome === undefined ? over({ kind: 'left' }) : void session.leave())
    let inbox = places.inbox
    let reading: Promise<void> | undefined
    try {
      inbox = await end.inbox()
      this.#stop.addEventListener('abort', onStop)
      this.#leave.addEventListener('abort', onLeave)
      if (this.#stop.aborted) onStop()
      else if (this.#leave.aborted) onLeave()
      session.hello(inbox)
      reading = end.read((parts) => session.came(parts))
      reading.catch((error: unknown) => over({ kind: 'failed', error: error as Error }))
      const how = await ended
      const late = await this.#endSession(session, welcome, how)
      return late ?? how
    } finally {
      clearInterval(look)
      this.#stop.removeEventListener('abort', onStop)
      this.#leave.removeEventListener('abort', onLeave)
      await end.close()
      await reading?.catch(() => undefined)
    }
  }

  /** Aborts what runs. What goes on beyond its grace ends only with this worker. */
  async #endSession(session: WorkerSession, welcome: Welcome | undefined, how: End): Promise<End | undefined> {
    const reason = new TroupeError('ABORTED', how.kind === 'over' ? how.why : 'the worker stops')
    const { graceMs = 0 } = welcome ?? {}
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<End>((resolve) => {
      const message = `a task went on for more than ${graceMs} ms after it was aborted`
      timer = setTimeout(() => resolve({ kind: 'failed', error: new TroupeError('WORKER_LOST', message) }), graceMs)
    })
    // That it goes of its own will is no loss, and what it has not begun need not be looked for.
    if (how.kind === 'stopped') void session.leave()
    const ending = session.end(reason)
    const first = how.kind === 'stopped' ? await ending : await Promise.race([ending, late])
    clearTimeout(timer)
    return first ?? undefined
  }

  /** What follows for one that was welcome, when it has reason to doubt that its farm is there. */
  #doubtful({ refusal }: RemoteEnd, doubt: string | undefined): End | undefined {
    // Who closes the connection may be only the way to a farm that is there.
    const denial = refusal === undefined || refusal === 'other' ? undefined : deniedBecause(this.#terms.places, refusal)
    const why = denial ?? doubt
    return why === undefined ? undefined : { kind: 'over', why, isDenied: denial !== undefined }
  }

  /** What follows for one that is not welcome yet. */
  #unwelcome(end: RemoteEnd, inbox: string): End | undefined {
    const { refusal } = end
    if (this.#leftMs === 0) return { kind: 'failed', error: this.#unanswered(inbox, end) }
    if (refusal === undefined) return undefined
    this.#denied(deniedBecause(this.#terms.places, refusal))
    // libzmq tries again after `other` alone.
    return refusal === 'other' ? undefined : { kind: 'denied' }
  }

  #unanswered(inbox: string, { wasConnected, handshakeFailure }: RemoteEnd): Error {
    const { places, joinTimeoutMs } = this.#terms
    const before = wasConnected ? undefined : this.#denial
    const denial = handshakeFailure === undefined ? before : deniedBecause(places, handshakeFailure)
    if (denial !== undefined) {
      return new TroupeError('ACCESS_DENIED', `no farm was joined in ${joinTimeoutMs} ms: ${denial}`)
    }
    const why = wasConnected
      ? `it took the connection, so either it is no farm that others may join, or it cannot reach this worker at ${inbox}: --advertise says under which address it can`
      : 'nothing that speaks ZeroMQ is there'
    return new TimeoutError(`to join the farm at ${places.farm}`, joinTimeoutMs, why)
  }
}

/** Why the farm is to be given up, if it is; when it was silent for long it is asked. */
function doubt(session: WorkerSession, end: RemoteEnd, { livenessMs }: Welcome, nowMs: number): string | undefined {
  const { silentMs } = session
  if (nowMs - (end.lostSinceMs ?? nowMs) > 2 * livenessMs) return 'the connection to the farm is lost'
  if (silentMs > 2 * livenessMs) return `nothing was heard of the farm for ${Math.round(silentMs)} ms`
  if (silentMs > livenessMs) session.ask()
  return undefined
}

function deniedBecause({ farm, security }: RemotePlaces, failure: HandshakeFailure): string {
  const isSecured = security !== undefined
  if (failure === 'other') {
    return `who listens at ${farm} closes the connection in the handshake: it has no security, another key than the certificate that is trusted here, or no place for one more`
  }
  if (failure === 'auth') {
    return isSecured
      ? `the farm at ${farm} does not trust the key of this worker: its certificate is to be added to what the farm trusts`
      : `the farm at ${farm} refuses the address of this worker`
  }
  return isSecured
    ? `the farm at ${farm} has no security, or another key than the certificate that is trusted here`
    : `the farm at ${farm} wants security: { certificate, trust } (--cert and --trust of troupe worker)`
}

const refusedError = (code: string, message: string): Error =>
  new TroupeError(
    'VERSION_MISMATCH',
    `the farm refused this worker${code === 'VERSION_MISMATCH' ? '' : ` (${code})`}: ${message}`,
  )
