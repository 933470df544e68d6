/**
 * What is put into an actor's mailbox.
 */
import type { ErrorData } from '@troupe/core/kernel'

/** Another actor has ended: what who monitors it is told, once. */
export interface Down {
  readonly type: 'troupe.down'
  /** The path of the actor that ended in its tree, or its name if it is in none. */
  readonly path: string
  readonly reason: ExitReason
  /** Of one that failed. */
  readonly error?: ErrorData
}

/** A linked actor has ended: what one that traps exits is told instead of ending with it. */
export interface ExitSignal extends Omit<Down, 'type'> {
  readonly type: 'troupe.exit'
}

export type Notice = Down | ExitSignal
/** `gone`: it was not there when it was to be monitored (OTP's noproc). */
export type ExitReason = 'normal' | 'shutdown' | 'killed' | 'failed' | 'gone'

export type Letter =
  | { readonly kind: 'message'; readonly message: unknown }
  | { readonly kind: 'ask'; readonly message: unknown; readonly id: number }
  | { readonly kind: 'notice'; readonly message: Notice }

/** What became of an ask. */
export type Answer = { readonly value: unknown } | { readonly error: ErrorData }

/** Why a message was not taken by the actor that it was for. */
export type DeadLetterReason =
  /** The policy of a full mailbox dropped it. */
  | 'dropped'
  /** It was in the mailbox, or on its way, when the actor ended. */
  | 'unread'
  /** It does not fit the actor's schema. */
  | 'invalid'
  /** The actor has no use for it: a notice that its handler does not take, an answer to an ask that it did not give. */
  | 'unhandled'

/** A message that nobody took. */
export interface DeadLetter {
  /** The path of the actor in its tree, or its name if it is in none. */
  readonly path: string
  readonly message: unknown
  readonly reason: DeadLetterReason
}
