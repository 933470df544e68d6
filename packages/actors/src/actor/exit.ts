/**
 * How an actor ended, in OTP's words.
 */
import { TroupeError } from '@troupe/core/kernel'

export type Exit =
  /** It returned by itself. `output` is what a machine or a promise of xstate ended with. */
  | { readonly reason: 'normal'; readonly output?: unknown }
  /** It was asked to stop and did. */
  | { readonly reason: 'shutdown' }
  /** It was killed: by `kill`, or because it did not stop in time. */
  | { readonly reason: 'killed' }
  /** It threw, or its process ended by itself. */
  | { readonly reason: 'failed'; readonly error: TroupeError }

/** How one body of an actor ended: it may be one that is replaced, and the actor goes on. */
export type BodyExit = Exit | { readonly reason: 'recycled' }

/** Something that runs and ends: what a supervisor can supervise. Actors, farms and supervisors are. */
export interface Supervised {
  /** How it ended. Never rejects. */
  readonly exit: Promise<Exit>
  /** Asks it to stop and resolves when it has, at the latest when it was killed after its time. Idempotent. */
  stop(options?: { readonly timeoutMs?: ShutdownTime | undefined }): Promise<void>
  /** Ends it without asking. */
  kill?(): void
}

/** How long something has to stop before it is killed: in ms, at once, or for ever (OTP's shutdown). */
export type ShutdownTime = number | 'brutal_kill' | 'infinity'

/** The actor's function threw. `cause` is what it threw. */
export class ActorFailedError extends TroupeError {
  override readonly name = 'ActorFailedError'

  constructor(actor: string, cause: unknown) {
    super('ACTOR_FAILED', `actor ${actor} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** A failure as it is told: what an actor raises as an error of ours stays itself. */
export const asFailure = (name: string, error: unknown): TroupeError =>
  error instanceof TroupeError ? error : new ActorFailedError(name, error)

/** How an actor that threw has ended: to throw what its signal raised is to do as it was asked. */
export function exitOfThrow(name: string, error: unknown, signal: AbortSignal): Exit {
  return isAbort(error, signal) ? { reason: 'shutdown' } : { reason: 'failed', error: asFailure(name, error) }
}

/** Whether something was thrown because `signal` aborted: its reason, or what the platform or we raise for it. */
export function isAbort(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError')
}

/** The actor's process or thread ended by itself, or something killed it. */
export class ActorExitedError extends TroupeError {
  override readonly name = 'ActorExitedError'
  readonly exitCode: number | null
  readonly signal: string | null

  constructor(actor: string, exitCode: number | null, signal: string | null, what: 'process' | 'thread' = 'process') {
    const how = signal === null ? `exited with code ${exitCode}` : `was ended by ${signal}`
    super('ACTOR_EXITED', `the ${what} of actor ${actor} ${how}`)
    this.exitCode = exitCode
    this.signal = signal
  }
}

/** The event loop of the actor's process or thread stood still for too long, and it was killed. */
export class ActorHungError extends TroupeError {
  override readonly name = 'ActorHungError'
  readonly hangMs: number

  constructor(actor: string, hangMs: number) {
    super('ACTOR_HUNG', `the event loop of actor ${actor} did not turn for ${hangMs} ms, and it was killed`)
    this.hangMs = hangMs
  }
}

/** The actor's process or thread had no more memory. */
export class OutOfMemoryError extends TroupeError {
  override readonly name = 'OutOfMemoryError'
  /** The limit that it was given; undefined if it was that of Node. */
  readonly maxMemoryMiB: number | undefined

  constructor(actor: string, maxMemoryMiB: number | undefined) {
    const limit = maxMemoryMiB === undefined ? 'as much as Node allows' : `maxMemoryMiB of ${maxMemoryMiB}`
    super('OUT_OF_MEMORY', `actor ${actor} ran out of memory: it has used ${limit}`)
    this.maxMemoryMiB = maxMemoryMiB
  }
}

/** An actor that this one is linked to has ended, and it with that. */
export class LinkBrokenError extends TroupeError {
  override readonly name = 'LinkBrokenError'

  constructor(actor: string, other: string, reason: string, cause: unknown) {
    super('LINK_BROKEN', `actor ${actor} ended with ${other}, to which it is linked: ${reason}`, { cause })
  }
}
