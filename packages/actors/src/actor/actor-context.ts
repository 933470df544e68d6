/**
 * What an actor's code is given beside its messages and arguments.
 */
import type { Logger, WaitOptions } from '@troupe/core/kernel'
import type { Pipe } from './pipe.js'

/** Another actor of the same tree, by its path: whichever incarnation is there when it is used. */
export interface Peer {
  readonly path: string
  /**
   * Puts a message into its mailbox; while it restarts, waits for it.
   * @throws {TroupeError} `NO_ACTOR`, `TIMEOUT`, and what `send` of an actor raises
   */
  send(message: unknown, wait?: WaitOptions): Promise<void>
  /** Asks it, for 5 s unless told otherwise. @throws {TroupeError} `NO_ACTOR`, and what `ask` of an actor raises */
  ask(message: unknown, wait?: WaitOptions): Promise<unknown>
}

export interface ActorContext {
  /** Aborts when the actor is to stop. */
  readonly signal: AbortSignal
  readonly log: Logger
  /** Its path in its tree; undefined if it is in none. */
  readonly path: string | undefined
  /** Says that it is ready. Using the pipe for the first time says so too, and so does returning. */
  ready(): void
  /** Another actor of its tree, by its path. @throws {TroupeError} `NO_ACTOR` if it is in no tree */
  lookup(path: string): Peer
  /**
   * Has it told when the actor at a path ends: one `troupe.down` in its mailbox, also when that has ended already (OTP's
   * monitor; the reason is `gone` when there is none).
   * @throws {TroupeError} `NO_ACTOR` if it is in no tree
   */
  monitor(path: string): Promise<void>
  /** Links it to the actor at a path: if one ends otherwise than `normal`, so does the other (OTP's link). */
  link(path: string): Promise<void>
}

/** An actor as a function: it lives until it returns. */
export type ActorFunction<Args = unknown> = (pipe: Pipe, args: Args, context: ActorContext) => Promise<void> | void
