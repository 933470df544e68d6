/**
 * Who is told what a running task says before its end: its parts and its progress.
 */
import type { Entry } from './ledger.js'
import type { Progress } from './progress.js'

/** What is wanted of a task's tries. The worker sends nothing else. */
export interface Wants {
  /** How many parts it may send at first; 0 if none are wanted. */
  readonly parts: number
  readonly progress: boolean
}

export interface UpdateSink {
  readonly wants: Wants
  /** Parts of the try that runs, in order, which had so many bytes. */
  parts(entry: Entry, values: readonly unknown[], bytes: number): void
  progress(entry: Entry, progress: Progress): void
  /** Its try is over, and it is to be tried again: false if it must not be. */
  again(entry: Entry): boolean
}
