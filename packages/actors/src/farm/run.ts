/**
 * One try that runs in a worker, and its task's face.
 */
import { InvalidOptionsError, type Logger } from '@troupe/core'
import type { EquippedTask } from './equipment.js'
import type { PartPump } from './part-pump.js'
import { isProgress, type Progress } from './progress.js'
import type { TaskContext } from './task.js'
import type { Updates } from './updates.js'

/** Tasks of one name and limit that came in one frame, under consecutive tickets. */
export interface Group {
  readonly task: EquippedTask
  readonly timeoutMs: number
  readonly firstTicket: number
  readonly attempts: readonly number[] | null
  readonly inputs: unknown[]
  /** How many parts each may send at first; 0 if none are wanted. */
  readonly parts: number
  readonly progress: boolean
  /** One of so many is measured. */
  readonly weight: number
  /** Which of them is the next to run. */
  next: number
}

/** What few tasks look at is made only for them. */
export class Run implements TaskContext {
  readonly #log: Logger
  readonly #updates: Updates
  #controller: AbortController | undefined = undefined
  #aborted: { readonly reason: unknown } | undefined = undefined
  /** It was answered already: what it still gives is dropped. */
  answered = false
  timer: NodeJS.Timeout | undefined = undefined
  /** When it began, if it is measured. */
  startedMs: number | undefined = undefined
  pump: PartPump | undefined = undefined

  constructor(
    readonly ticket: number,
    readonly attempt: number,
    readonly group: Group,
    log: Logger,
    updates: Updates,
  ) {
    this.#log = log
    this.#updates = updates
  }

  get log(): Logger {
    return this.#log.child({ task: this.group.task.name, ticket: this.ticket, attempt: this.attempt })
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason)
    }
    return this.#controller.signal
  }

  get resource(): unknown {
    return this.group.task.resource
  }

  get aborted(): unknown {
    return this.#aborted?.reason
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason }
    this.#controller?.abort(reason)
    this.pump?.abort(reason)
  }

  progress(value: Progress): void {
    if (!isProgress(value)) {
      const message = 'must be a number from 0 to 1, or { done, total, note? }'
      throw new InvalidOptionsError('ctx.progress', [{ path: 'progress', message }])
    }
    if (this.group.progress && !this.answered) this.#updates.progress(this.ticket, value)
  }
}
