/**
 * The tasks that wait for a worker, in lanes: one for all tasks that ask for nothing, and one for each set of wishes. A
 * lane that cannot go on does not stop the others.
 */
import type { Entry, TaskOwner } from './ledger.js'
import { PendingQueue } from './pending-queue.js'
import type { Routing } from './routing.js'

/** Tasks that ask the same, in order. */
export interface Lane {
  readonly routing: Routing | undefined
  readonly tasks: PendingQueue
}

interface Level {
  readonly priority: number
  readonly lanes: Set<Lane>
}

export class TaskQueue {
  readonly #plain: Lane = { routing: undefined, tasks: new PendingQueue() }
  readonly #lanes = new Map<string, Lane>()
  /** By priority, the lowest first. */
  readonly #levels: Level[] = [{ priority: 0, lanes: new Set([this.#plain]) }]
  #size = 0

  get size(): number {
    return this.#size
  }

  push(entry: Entry): void {
    this.#size++
    const lane = entry.routing === undefined ? this.#plain : (this.#laneOf(entry.routing) ?? this.#open(entry.routing))
    lane.tasks.push(entry)
  }

  /** The lane whose turn it is among those that may go: of the highest priority the one whose first task was given first. */
  first(mayGo: (lane: Lane) => boolean): Lane | undefined {
    for (let index = this.#levels.length - 1; index >= 0; index--) {
      const lane = firstOf(this.#levels[index]!, mayGo)
      if (lane !== undefined) return lane
    }
    return undefined
  }

  /** Takes the next task of a lane, which may have ended with it. */
  shift(lane: Lane): Entry | undefined {
    const entry = lane.tasks.shift()
    if (entry !== undefined) this.#took(lane)
    return entry
  }

  /** All lanes that hold a task, the highest priority first. */
  *lanes(): Generator<Lane> {
    for (const { lanes } of this.#levels.toReversed()) for (const lane of lanes) if (lane.tasks.size > 0) yield lane
  }

  /** Those of one owner that wait here. */
  of(owner: TaskOwner): Entry[] {
    return [...this.lanes()].flatMap(({ tasks }) => tasks.of(owner))
  }

  /** Says that a task that waits here has been settled. */
  noteSettled({ routing }: Entry): void {
    const lane = routing === undefined ? this.#plain : this.#laneOf(routing)
    if (lane === undefined) return
    lane.tasks.noteSettled()
    this.#took(lane)
  }

  /** Takes all. */
  takeAll(): Entry[] {
    const all: Entry[] = []
    for (const lane of [...this.lanes()]) {
      for (let entry = this.shift(lane); entry !== undefined; entry = this.shift(lane)) all.push(entry)
    }
    return all
  }

  #laneOf(routing: Routing): Lane | undefined {
    return this.#lanes.get(routing.lane)
  }

  #open(routing: Routing): Lane {
    const lane = { routing, tasks: new PendingQueue() }
    this.#lanes.set(routing.lane, lane)
    const index = this.#indexOf(routing.priority)
    const level = this.#levels[index]
    if (level?.priority === routing.priority) level.lanes.add(lane)
    else this.#levels.splice(index, 0, { priority: routing.priority, lanes: new Set([lane]) })
    return lane
  }

  /** Lanes and priorities that are used once are many: none is kept. */
  #took({ routing, tasks }: Lane): void {
    this.#size--
    if (routing === undefined || tasks.size > 0) return
    const lane = this.#laneOf(routing)!
    this.#lanes.delete(routing.lane)
    const index = this.#indexOf(routing.priority)
    const { lanes } = this.#levels[index]!
    lanes.delete(lane)
    if (lanes.size === 0) this.#levels.splice(index, 1)
  }

  /** Where a priority stands, or would stand. */
  #indexOf(priority: number): number {
    let low = 0
    let high = this.#levels.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#levels[middle]!.priority < priority) low = middle + 1
      else high = middle
    }
    return low
  }
}

function firstOf({ lanes }: Level, mayGo: (lane: Lane) => boolean): Lane | undefined {
  let first: Lane | undefined
  let least = Number.POSITIVE_INFINITY
  for (const lane of lanes) {
    const head = lane.tasks.peek()
    if (head === undefined || head.sequence >= least || !mayGo(lane)) continue
    first = lane
    least = head.sequence
  }
  return first
}
