/**
 * How many workers there shall be: by what waits for them, and by how long they have had nothing to do. Pure: the time is
 * told.
 */
import { hasAll, type WorkerGroup } from './worker-group.js'

/** How long a start is taken to last until one was seen, in ms. */
const FIRST_START_MS = 200

/** Tasks that ask for the same tags and that no worker has room for. */
export interface Backlog {
  readonly tags: readonly string[]
  readonly tasks: number
  /** What one of them is estimated to cost, once that is known. */
  readonly costMs: number | undefined
}

/** A worker, as far as their number is concerned. */
export interface Hand {
  readonly id: string
  readonly group: WorkerGroup
  /** Whether it has joined. */
  readonly isReady: boolean
  readonly held: number
  /** How many tasks it has ended: it was busy if that has grown. */
  readonly ended: number
}

export interface Change {
  /** The groups that shall have one more worker, once for each. */
  readonly start: readonly WorkerGroup[]
  /** The workers that are needed no more. */
  readonly retire: readonly string[]
}

export class Elastic {
  readonly #groups: readonly WorkerGroup[]
  readonly #concurrency: number
  #startMs = FIRST_START_MS
  /** Since when tasks of the same tags wait without a pause, or since workers were last started for them. */
  readonly #waitingSince = new Map<string, number>()
  readonly #idle = new Map<string, { readonly sinceMs: number; readonly ended: number }>()

  constructor(groups: readonly WorkerGroup[], concurrency: number) {
    // What asks for little is not to start what has much.
    this.#groups = [...groups].sort((a, b) => a.tags.length - b.tags.length)
    this.#concurrency = concurrency
  }

  /** A worker has started and joined, which took so long. */
  started(tookMs: number): void {
    this.#startMs = Math.max(1, tookMs)
  }

  /** What shall change now. `hands` are the workers that are there or start, without those that leave. */
  decide(nowMs: number, backlogs: readonly Backlog[], hands: readonly Hand[]): Change {
    return { start: this.#grow(nowMs, backlogs, hands), retire: this.#shrink(nowMs, hands) }
  }

  #grow(nowMs: number, backlogs: readonly Backlog[], hands: readonly Hand[]): WorkerGroup[] {
    const keys = new Set(backlogs.map(keyOf))
    for (const key of this.#waitingSince.keys()) if (!keys.has(key)) this.#waitingSince.delete(key)
    const start: WorkerGroup[] = []
    for (const backlog of backlogs) {
      const key = keyOf(backlog)
      const sinceMs = this.#waitingSince.get(key) ?? nowMs
      this.#waitingSince.set(key, sinceMs)
      const missing = this.#missing(backlog, nowMs - sinceMs, [...hands, ...start.map(asHand)])
      const fitting = this.#rooms(backlog, hands, start).slice(0, missing)
      if (fitting.length > 0) this.#waitingSince.set(key, nowMs)
      start.push(...fitting)
    }
    return start
  }

  /** How many more workers tasks need that have waited for so long. */
  #missing({ tags, tasks, costMs }: Backlog, waitedMs: number, hands: readonly Hand[]): number {
    const able = hands.filter(({ group }) => hasAll(group, tags))
    const starting = able.filter(({ isReady }) => !isReady).length
    const workMs = costMs === undefined ? undefined : (tasks * costMs) / this.#concurrency
    const lastsMs = Math.max(waitedMs, (workMs ?? 0) / Math.max(1, able.length))
    // What is done sooner than a worker starts needs none.
    if (able.length > 0 && lastsMs < this.#startMs) return 0
    const each = Math.ceil(tasks / this.#concurrency)
    const worth = workMs === undefined ? each : Math.max(1, Math.ceil(workMs / this.#startMs))
    return Math.max(0, Math.min(each, worth) - starting)
  }

  /** The groups that may have one more worker for such tasks, once for each, those with the fewest tags first. */
  #rooms({ tags }: Backlog, hands: readonly Hand[], start: readonly WorkerGroup[]): WorkerGroup[] {
    return this.#groups
      .filter((group) => hasAll(group, tags))
      .flatMap((group) => {
        const there = hands.filter((hand) => hand.group === group).length
        const soon = start.filter((other) => other === group).length
        return Array<WorkerGroup>(Math.max(0, group.max - there - soon)).fill(group)
      })
  }

  #shrink(nowMs: number, hands: readonly Hand[]): string[] {
    const retire: string[] = []
    for (const group of this.#groups) {
      const own = hands.filter((hand) => hand.group === group)
      const idle = own.filter((hand) => nowMs - this.#idleSince(hand, nowMs) >= group.idleMs)
      idle.sort((a, b) => this.#idleSince(a, nowMs) - this.#idleSince(b, nowMs))
      retire.push(...idle.slice(0, Math.max(0, own.length - group.min)).map(({ id }) => id))
    }
    const ids = new Set(hands.map(({ id }) => id))
    for (const id of this.#idle.keys()) if (!ids.has(id)) this.#idle.delete(id)
    return retire
  }

  /** Since when a worker has nothing to do, as far as was seen. */
  #idleSince({ id, isReady, held, ended }: Hand, nowMs: number): number {
    const before = this.#idle.get(id)
    if (before?.ended === ended && isReady && held === 0) return before.sinceMs
    if (isReady && held === 0) this.#idle.set(id, { sinceMs: nowMs, ended })
    else this.#idle.delete(id)
    return nowMs
  }
}

const keyOf = ({ tags }: Backlog): string => JSON.stringify(tags)
const asHand = (group: WorkerGroup): Hand => ({ id: '', group, isReady: false, held: 0, ended: 0 })
