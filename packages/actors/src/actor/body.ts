/**
 * What an actor is made of, whatever its isolation.
 */
import type { Logger } from '@troupe/core'
import type { Exit } from './exit.js'
import type { Pipe } from './pipe.js'

/** What an actor's function is given beside its pipe and arguments. */
export interface ActorContext {
  /** Aborts when the actor is to stop. */
  readonly signal: AbortSignal
  readonly log: Logger
  /** Says that it is ready. Using the pipe for the first time says so too, and so does returning. */
  ready(): void
}

/** An actor as a function: it lives until it returns. */
export type ActorFunction<Args = unknown> = (pipe: Pipe, args: Args, context: ActorContext) => Promise<void> | void

/** A running function, in this thread or elsewhere. */
export interface Body {
  /** The owner's end of the pipe. */
  readonly pipe: Pipe
  /** Resolves when it has signalled that it is ready. Rejects if it ends in failure before. */
  readonly ready: Promise<void>
  /** How it ended. Never rejects. */
  readonly ended: Promise<Exit>
  readonly pid: number | undefined
  /** Aborts its signal, and sends `$TERM` behind what its pipe holds. */
  terminate(): void
  kill(): void
  /** Lets go of what it holds, once it has ended. */
  release(): Promise<void>
}
