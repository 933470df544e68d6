/**
 * What a process actor and its owner say to each other on the fork channel, beside the pipe. The pipe is opened when one of the two
 * first uses it, so that an actor without messages costs no sockets.
 */
import type { ErrorData } from '@troupe/core'

/** From the owner to the process. */
export type ToProcess =
  | {
      readonly type: 'boot'
      readonly name: string
      readonly module: string
      readonly export: string
      readonly args: unknown
      readonly pipeLimit: number
      /** As in 'folder', if the owner has one yet. */
      readonly folder: string | undefined
    }
  /** `$TERM` for one whose pipe is not opened; otherwise that comes through the pipe, behind the messages. */
  | { readonly type: 'terminate'; readonly piped: boolean }
  /** The folder of the owner's ipc files, to be removed if the owner dies without doing so. */
  | { readonly type: 'folder'; readonly folder: string | undefined }
  | { readonly type: 'pipe'; readonly endpoint: string }
  /** All that came through the pipe up to its end was taken. */
  | { readonly type: 'drained' }

/** From the process to the owner. */
export type FromProcess =
  | { readonly type: 'ready' }
  | { readonly type: 'open-pipe' }
  /** Its function has returned and it sends nothing more. */
  | { readonly type: 'ending' }
  | { readonly type: 'ended' }
  | { readonly type: 'failed'; readonly error: ErrorData }

/** What goes through the pipe, as msgpack: a message, or the end of them (czmq's `$TERM` from the owner). */
export type PipeFrame = readonly ['message', unknown] | readonly ['$TERM']

export const END: PipeFrame = ['$TERM']
