/**
 * How a command ends, and where it writes.
 */
import { constants } from 'node:os'
import { systemReason, TroupeError } from '@troupe/core'
import type { Interrupt } from './interrupt.js'

/** How a command ended. */
export interface Ending {
  /** 0: all done. 1: some failed. 128 and a signal's number: that signal ended it. */
  readonly status: number
  /** The signal that ended it, to be raised again so that the shell sees it too. */
  readonly signal?: NodeJS.Signals
}

/** Where a command writes. */
export interface Streams {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/** @throws {TroupeError} `OUTPUT_FAILED` when what ended it is that it cannot write any more */
export function endingOf({ signal, failure }: Interrupt, failed: number): Ending {
  if (signal !== undefined) return { status: 128 + constants.signals[signal], signal }
  if (failure === undefined) return { status: failed > 0 ? 1 : 0 }
  // The reader went away, as `head` does when it has enough: no fault, and nobody to tell.
  if ((failure as NodeJS.ErrnoException).code === 'EPIPE') return { status: 128 + constants.signals.SIGPIPE }
  throw new TroupeError('OUTPUT_FAILED', `cannot write: ${systemReason(failure)}`, { cause: failure })
}
