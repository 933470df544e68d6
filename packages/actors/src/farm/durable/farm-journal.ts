/**
 * The journal of one farm: claimed while it runs, with a run for each of its maps.
 */
import { TroupeError } from '@troupe/core'
import type { Journal, JournalReport } from '../journal/journal.js'
import { LevelJournal } from '../journal/level-journal.js'
import { digestOf } from '../schema-digest.js'
import type { Task } from '../task.js'
import { type DurableEvents, DurableRun } from './durable-run.js'

/** A journal, or where one is. */
export type JournalOption = string | { readonly path: string; readonly sync?: boolean | undefined } | Journal

export interface RunTerms {
  readonly task: Task
  readonly name: string | undefined
  readonly settled: boolean
  readonly acknowledges: boolean
}

export class FarmJournal {
  readonly #journal: Journal
  #report: JournalReport = { isNew: true }
  #isClaimed = false
  readonly #begun = new Map<string, number>()
  readonly #open = new Set<string>()

  constructor(option: JournalOption) {
    this.#journal = isJournal(option)
      ? option
      : new LevelJournal(typeof option === 'string' ? { path: option } : option)
  }

  /** @throws {TroupeError} `JOURNAL_IN_USE`, `JOURNAL_UNREADABLE` */
  async open(): Promise<JournalReport> {
    this.#report = await this.#journal.claim()
    this.#isClaimed = true
    return this.#report
  }

  async close(): Promise<void> {
    // One that somebody else has is theirs.
    if (this.#isClaimed) await this.#journal.close()
    this.#isClaimed = false
  }

  /** @throws {TroupeError} `JOURNAL_IN_USE` when a map of that name is under way */
  run({ task, name = this.#nextName(task), settled, acknowledges }: RunTerms, events: DurableEvents): DurableRun {
    if (this.#open.has(name)) {
      throw new TroupeError('JOURNAL_IN_USE', `a map with the name "${name}" is under way: give this one another name`)
    }
    this.#open.add(name)
    const { version } = task
    const identity = {
      name,
      task: task.name,
      ...(version !== undefined && { version }),
      schema: digestOf([task.input, task.output]),
    }
    const { journal, report } = { journal: this.#journal, report: this.#report }
    const ended = () => void this.#open.delete(name)
    return new DurableRun({ journal, report, identity, keepsFailures: settled, acknowledges, ended }, events)
  }

  /** The task's name for its first map, with a number for those after it: a program that is started again has the same. */
  #nextName({ name }: Task): string {
    const count = (this.#begun.get(name) ?? 0) + 1
    this.#begun.set(name, count)
    return count === 1 ? name : `${name}#${count}`
  }
}

export const isJournal = (value: unknown): value is Journal =>
  typeof (value as Partial<Journal> | null)?.claim === 'function'
