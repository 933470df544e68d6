/**
 * What runs the calls that a server has taken: the handlers in this thread, or workers.
 */
import type { Identity } from '@troupe/core'
import type { ProcedureSpec } from '../contract.js'
import type { Metadata, WireError } from '../wire.js'

/** What a call tells of itself, and what is told to it by what runs it. */
export interface Callee {
  readonly procedure: string
  readonly spec: ProcedureSpec
  /** As it came: what runs it parses it. */
  readonly input: unknown
  readonly metadata: Metadata
  readonly peer: Peer
  readonly identity: Identity | undefined
  /** By the clock; undefined if it has none. */
  readonly deadlineAtMs: number | undefined
  /** What the caller takes of its stream out. */
  readonly credit: number
  /** The call has ended well, with that output, which was checked. */
  reply(output: unknown): void
  fail(error: WireError): void
  /** The next of its stream out. */
  item(value: unknown): void
  /** The end of its stream out, and so of the call. */
  end(): void
  /** So many more of its stream in may come. */
  give(count: number): void
  /** Nothing of it runs any more. */
  released(): void
}

/** A call that runs, as its server speaks to it. */
export interface Execution {
  /** The next of the stream in. */
  item(value: unknown): void
  /** The end of the stream in. */
  end(): void
  /** The caller takes so many more of the stream out. */
  credit(count: number): void
  /** Nobody waits for it any more. */
  cancel(reason: Error): void
}

/** Who calls. */
export interface Peer {
  /** Names its session, in hex: it is made up by the server and proves nothing. */
  readonly id: string
}

export interface Executor {
  /** Whether one more call can be run now. */
  readonly hasRoom: boolean
  begin(call: Callee): Execution
}
