/**
 * What an actor's process or thread and its owner say to each other beside the pipe. These words do not wait behind
 * messages.
 */
import type { ErrorData } from '@troupe/core/kernel'
import type { BodyExit } from './exit.js'
import type { Wanted } from './inspected.js'

/** From the owner. */
export type ToHost =
  | Boot
  /** Its signal aborts. */
  | { readonly type: 'terminate' }
  /** `$TERM` for one whose pipe is not opened; otherwise that comes through the pipe, behind the messages. */
  | { readonly type: 'end' }
  | { readonly type: 'recycle' }
  | { readonly type: 'watch' }
  /** Who looks at its machines from now on. */
  | { readonly type: 'inspect'; readonly wanted: Wanted }
  /** Where the pipe is. */
  | { readonly type: 'pipe'; readonly endpoint: string }
  /** All that came through the pipe up to its end was taken. */
  | { readonly type: 'drained' }
  /** Does the event loop turn? */
  | { readonly type: 'ping' }
  /** To a spare: load what actors need. */
  | { readonly type: 'warm' }

export interface Boot {
  readonly type: 'boot'
  readonly name: string
  readonly path: string | undefined
  readonly module: string
  readonly export: string
  readonly args: unknown
  readonly pipeLimit: number
  /** How many messages of the body before, which count towards that, the owner has not taken yet. */
  readonly unheard: number
  readonly maxTasks: number
  readonly maxMemoryMiB: number | undefined
  readonly persists: boolean
  /** The snapshot to restart from, if there is one. */
  readonly kept: unknown
  /** The folder of the owner's private files, to be removed if the owner dies without doing so. */
  readonly folder: string | undefined
  /** A folder of that for this process's own private files, and for Node's report when it runs out of memory. */
  readonly place: string | undefined
}

/** From the process or thread. */
export type FromHost =
  | { readonly type: 'ready' }
  | { readonly type: 'pong' }
  | { readonly type: 'open-pipe' }
  /** It takes nothing more; `taken` letters were taken in all. */
  | { readonly type: 'recycling'; readonly taken: number }
  /** Its code has ended and it says nothing more in the pipe; `taken` letters were taken in all. */
  | { readonly type: 'ending'; readonly taken: number }
  | { readonly type: 'ended'; readonly exit: PlainExit; readonly taken: number }
  | { readonly type: 'out-of-memory' }
  | { readonly type: 'failed'; readonly error: ErrorData; readonly taken: number }

/** How it ended, of an orderly end. */
export type PlainExit = Exclude<BodyExit, { readonly reason: 'failed' }>
