/**
 * Keeps the workers as many and as fresh as they shall be: starts further ones, retires those that are not needed, and
 * replaces those that are worn.
 */
import { errorData, type Logger } from '@troupe/core'
import { asFailure } from '../actor/exit.js'
import { RestartIntensityError } from '../supervisor/restart-intensity-error.js'
import { type RestartWindow, recordRestart } from '../supervisor/restart-window.js'
import { type Backlog, Elastic } from './elastic.js'
import type { CheckedFarmOptions } from './farm.options.js'
import type { Member } from './member.js'
import { dueForRecycling } from './recycling.js'
import type { WorkerGroup } from './worker-group.js'

/** How long nothing further is started after a start that failed, in ms. */
const AFTER_FAILURE_MS = 500

export interface StaffingTerms {
  readonly groups: readonly WorkerGroup[]
  readonly options: CheckedFarmOptions
  readonly log: Logger
  members(): Iterable<Member>
  backlogs(): readonly Backlog[]
  /** Starts a worker; resolves when it has joined. */
  start(group: WorkerGroup): Promise<Member>
  /** Gives a worker nothing more, and stops it when it holds nothing. */
  retire(member: Member): void
  /** Too many starts have failed. */
  failed(error: unknown): void
}

export class Staffing {
  readonly #terms: StaffingTerms
  readonly #elastic: Elastic | undefined
  readonly #recycles: boolean
  #failures: RestartWindow = []
  #notBeforeMs = 0
  #recycled = 0
  #underway = 0
  #closed = false

  constructor(terms: StaffingTerms) {
    this.#terms = terms
    const { groups, options } = terms
    if (groups.some(({ min, max }) => min < max)) this.#elastic = new Elastic(groups, options.concurrency)
    this.#recycles = options.maxTasks > 0 || options.maxMemoryMiB !== undefined
  }

  /** Workers that were replaced because they were worn. */
  get recycled(): number {
    return this.#recycled
  }

  /** A worker has joined, which took so long to start. */
  started(tookMs: number): void {
    this.#elastic?.started(tookMs)
  }

  close(): void {
    this.#closed = true
  }

  /** Looks whether anything shall change. */
  look(nowMs: number): void {
    if (this.#closed || (this.#elastic === undefined && !this.#recycles)) return
    const members = [...this.#terms.members()].filter(({ retiring, isReplaced }) => !retiring && !isReplaced)
    if (this.#elastic !== undefined) this.#fit(this.#elastic, nowMs, members)
    if (this.#recycles) this.#recycle(nowMs, members)
  }

  #fit(elastic: Elastic, nowMs: number, members: readonly Member[]): void {
    const change = elastic.decide(nowMs, nowMs < this.#notBeforeMs ? [] : this.#terms.backlogs(), members)
    for (const group of change.start) void this.#start(group)
    for (const member of members) if (change.retire.includes(member.id)) this.#terms.retire(member)
  }

  #recycle(nowMs: number, members: readonly Member[]): void {
    if (nowMs < this.#notBeforeMs) return
    const ready = members.filter(({ isReady, retiring }) => isReady && !retiring)
    const worn = ready.map(({ id, ended, now }) => ({ id, ended, memoryMiB: now?.mate.memoryMiB }))
    const due = dueForRecycling(worn, this.#terms.options, this.#underway)
    for (const member of ready) if (due.includes(member.id)) void this.#replace(member)
  }

  /** The new one first, so that there is never one less. */
  async #replace(member: Member): Promise<void> {
    this.#underway++
    member.isReplaced = true
    const fresh = await this.#start(member.group)
    this.#underway--
    member.isReplaced = false
    if (fresh === undefined) return
    this.#recycled++
    this.#terms.retire(member)
  }

  async #start(group: WorkerGroup): Promise<Member | undefined> {
    try {
      return await this.#terms.start(group)
    } catch (error) {
      if (!this.#closed) this.#startFailed(error)
      return undefined
    }
  }

  /** As a restart that failed, it counts for the intensity of the farm. */
  #startFailed(error: unknown): void {
    const { options, log, failed } = this.#terms
    log.warn({ err: errorData(error) }, 'a further worker did not start')
    const nowMs = performance.now()
    this.#notBeforeMs = nowMs + AFTER_FAILURE_MS
    const { window, exceeded } = recordRestart(this.#failures, nowMs, options)
    this.#failures = window
    if (!exceeded) return
    const exit = { reason: 'failed', error: asFailure('worker', error) } as const
    failed(new RestartIntensityError('the farm', 'a further worker', window.length, options.periodMs, exit))
  }
}
