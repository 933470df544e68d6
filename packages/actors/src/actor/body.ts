/**
 * What an actor is made of, whatever its isolation: something that takes letters from its mailbox, and says things.
 */
import type { TroupeError, WaitOptions } from '@troupe/core/kernel'
import type { CheckedActorOptions } from './actor.options.js'
import type { BodyExit } from './exit.js'
import type { Answer, DeadLetterReason, Letter } from './letter.js'
import type { Mailbox } from './mailbox.js'
import type { Call, Observed, Place } from './place.js'
import type { ActorSnapshot } from './snapshot.js'

/** A message of the actor for its owner. */
export interface Said {
  readonly message: unknown
}

/** What a body tells its owner. */
export interface BodyEvents {
  answered(id: number, answer: Answer): void
  snapshot(snapshot: ActorSnapshot): void
  keep(persisted: unknown): void
  dead(reason: DeadLetterReason, message: unknown): void
  call(call: Call, wait?: WaitOptions): Promise<unknown>
  /** It has had its share and takes nothing more. */
  recycling(): void
  /** Its machines can be looked at, until what this returns is called. */
  inspectable(system: Observed): (() => void) | undefined
}

export interface BodyTerms extends BodyEvents {
  readonly name: string
  readonly place: Place | undefined
  readonly args: unknown
  readonly options: CheckedActorOptions
  readonly mailbox: Mailbox<Letter>
  readonly said: Mailbox<Said>
}

export interface Body {
  /** Resolves when it has signalled that it is ready. Rejects if it ends in failure before. */
  readonly ready: Promise<void>
  /** How it ended. Never rejects. */
  readonly ended: Promise<BodyExit>
  readonly pid: number | undefined
  /** Its snapshot now, of a machine in this thread. */
  readonly now: ActorSnapshot | undefined
  /** Letters that it was sent and, once it has ended, has not taken. */
  readonly untaken: readonly Letter[]
  /** Letters that it was sent, of which is not known whether it took them: it went without a word. */
  readonly unsure: readonly Letter[]
  /** Aborts its signal. `$TERM` is the end of its mailbox. */
  terminate(): void
  /** Has it finish what it does, take nothing more, and end as `recycled`. */
  recycle(): void
  /** Ends it without asking: as `killed`, or failed for that reason. */
  kill(why?: TroupeError): void
  /** Asks for its snapshots: the current one and those that follow. */
  watch(): void
  /** It is not to take a letter that it was sent, unless it has. */
  withdraw(letter: Letter): void
  /** The owner has taken so many of its words. */
  heard(count: number): void
  /** Lets go of what it holds, once it has ended. */
  release(): Promise<void>
}
