/**
 * Where something runs in a tree of supervisors: its path, and what the tree does for it.
 */
import type { ChildProcess } from 'node:child_process'
import type { WaitOptions } from '@troupe/core/kernel'
import type { InspectionEvent, Subscription } from 'xstate'
import type { DeadLetter, Down } from './letter.js'
import type { Linked } from './links.js'
import type { MachineTransition } from './machine-transition.js'

/** What an actor asks of its tree. */
export type Call =
  | { readonly type: 'send' | 'ask'; readonly path: string; readonly message: unknown; readonly timeoutMs?: number }
  | { readonly type: 'monitor' | 'link'; readonly path: string }

/** A tree of supervisors, as what runs in it sees it. */
export interface Tree {
  /** A reference to the actor at a path; whether there is one shows when it is used. */
  lookup(path: string): Address
  /** Told of each message that nobody took. */
  dead(letter: DeadLetter): void
  /** A blank process that is ready to run what it is told, if there is one with these flags and environment. */
  spare(shape: HostShape): ChildProcess | undefined
  /** Told of each machine that runs in it, by the path of what it is the machine of. Returns what ends that. */
  began(path: string, one: Observed): () => void
}

/** Something whose machines can be looked at. */
export interface Observed {
  inspect(observer: (event: InspectionEvent) => void): Subscription
  /** Of one elsewhere, which has less to send than with all that `inspect` tells. */
  transitions?(listener: (transition: MachineTransition) => void): Subscription
}

/** What makes two processes of actors interchangeable before they run anything. */
export interface HostShape {
  readonly execArgv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly stdout: 'inherit' | 'stderr' | 'ignore'
}

/** One actor of a tree by its path, whichever incarnation is there. */
export interface Address {
  readonly path: string
  send(message: unknown, wait?: WaitOptions): Promise<unknown>
  ask(message: unknown, wait?: WaitOptions): Promise<unknown>
  /** Resolves with how the one that is there now ends; with `gone` at once if there is none. Never rejects. */
  down(): Promise<Down>
  /** What is there now, if it can be linked to. */
  linked(): Promise<Linked | undefined>
}

export interface Place {
  readonly path: string
  readonly tree: Tree
}

let current: Place | undefined

/** The place of what is being started now, if a supervisor starts it. */
export const here = (): Place | undefined => current

/** Runs the first, synchronous part of a start in its place. */
export function inPlace<Result>(place: Place, start: () => Result): Result {
  const before = current
  current = place
  try {
    return start()
  } finally {
    current = before
  }
}
