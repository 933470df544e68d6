/**
 * What can go wrong with a journal, as typed errors.
 */
import { TroupeError } from '@troupe/core'
import type { RunIdentity } from './journal.js'

/** Somebody else has the journal. */
export class JournalInUseError extends TroupeError {
  override readonly name = 'JournalInUseError'
  readonly journal: string

  constructor(journal: string, by: string, cause?: unknown) {
    super('JOURNAL_IN_USE', `${journal} is in use by ${by}`, cause === undefined ? {} : { cause })
    this.journal = journal
  }
}

/** It is no journal, or one of another format, or damaged beyond what can be recovered. */
export class JournalUnreadableError extends TroupeError {
  override readonly name = 'JournalUnreadableError'
  readonly journal: string

  constructor(journal: string, why: string, cause?: unknown) {
    super('JOURNAL_UNREADABLE', `${journal} cannot be read: ${why}`, cause === undefined ? {} : { cause })
    this.journal = journal
  }
}

/** It cannot be written. Nothing of what was to be written counts. */
export class JournalFailedError extends TroupeError {
  override readonly name = 'JournalFailedError'
  readonly journal: string

  constructor(journal: string, why: string, cause?: unknown) {
    super('JOURNAL_FAILED', `${journal}: ${why}`, cause === undefined ? {} : { cause })
    this.journal = journal
  }
}

/** The disk is full, or may not be written. */
const UNWRITABLE = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'LEVEL_IO_ERROR'])

/** What a claim fails with, after what the system or the store said. */
export function claimFailure(journal: string, error: unknown): TroupeError {
  if (error instanceof TroupeError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code !== undefined && UNWRITABLE.has(code))
    return new JournalFailedError(journal, `cannot be opened: ${message}`, error)
  return new JournalUnreadableError(journal, WORDS[code ?? ''] ?? message, error)
}

/** What the system says of a path, in words about journals. */
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is none',
  EEXIST: 'there is a file, and a journal is a folder',
  ENOTDIR: 'there is a file, and a journal is a folder',
}

const COMPARED = ['task', 'version', 'schema'] as const

/** The run of that name is of another task, version or schema. */
export class JournalMismatchError extends TroupeError {
  override readonly name = 'JournalMismatchError'
  readonly run: string
  /** What differs. */
  readonly differs: readonly (typeof COMPARED)[number][]

  constructor(held: RunIdentity, wanted: RunIdentity) {
    const differs = COMPARED.filter((field) => held[field] !== wanted[field])
    const list = differs.map((field) =>
      // Its digest says nothing to anybody.
      field === 'schema'
        ? 'its schemas are others'
        : `its ${field} is ${textOf(held[field])} and not ${textOf(wanted[field])}`,
    )
    const advice = 'to begin anew, give another journal or another name'
    super('JOURNAL_MISMATCH', `the journal's run "${held.name}" is another one: ${list.join('; ')}; ${advice}`)
    this.run = held.name
    this.differs = differs
  }
}

/** @throws {JournalMismatchError} when they are not the same run */
export function assertSameRun(held: RunIdentity, wanted: RunIdentity): void {
  if (COMPARED.some((field) => held[field] !== wanted[field])) throw new JournalMismatchError(held, wanted)
}

const textOf = (value: string | undefined) => (value === undefined ? 'none' : `"${value}"`)
