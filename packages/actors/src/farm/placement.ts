/**
 * The rule by which tasks that wait are given to workers: who is next, to whom it goes, and how many go with it.
 */
import type { Entry, TaskOwner } from './ledger.js'
import { type Seat, suits } from './seat.js'
import { type Lane, TaskQueue } from './task-queue.js'

export interface PlacementTerms {
  readonly concurrency: number
  readonly onWorkerLost: 'redeliver' | 'fail'
}

const NONE: ReadonlySet<Lane> = new Set()

export class Placement {
  readonly pending = new TaskQueue()
  readonly suspects = new TaskQueue()
  readonly #terms: PlacementTerms
  readonly #give: (seat: Seat, entries: readonly Entry[]) => void

  /** `give` sends tasks to a worker; what cannot be sent it settles. */
  constructor(terms: PlacementTerms, give: (seat: Seat, entries: readonly Entry[]) => void) {
    this.#terms = terms
    this.#give = give
  }

  push(entry: Entry): void {
    this.#queueOf(entry).push(entry)
  }

  /** Says that a task that waits here has been settled. */
  noteSettled(entry: Entry): void {
    this.#queueOf(entry).noteSettled(entry)
  }

  /** Those of one owner that wait here. */
  of(owner: TaskOwner): Entry[] {
    return [...this.suspects.of(owner), ...this.pending.of(owner)]
  }

  /** Takes all. */
  takeAll(): Entry[] {
    return [...this.suspects.takeAll(), ...this.pending.takeAll()]
  }

  /** Gives what can be given. Suspects go first, and what they wait for is kept for them. */
  place(seats: readonly Seat[]): void {
    if (this.suspects.size === 0) return this.#placePending(seats)
    this.#placeSuspects(seats)
    const lanes = [...this.suspects.lanes()]
    this.#placePending(seats.filter(({ tags }) => !lanes.some(({ routing }) => suits(tags, routing))))
  }

  #queueOf({ suspect }: Entry): TaskQueue {
    return suspect ? this.suspects : this.pending
  }

  /** One to each worker that has nothing else. */
  #placeSuspects(seats: readonly Seat[]): void {
    for (const seat of seats) {
      if (seat.holder.held > 0) continue
      const lane = this.suspects.first(({ routing }) => suits(seat.tags, routing))
      if (lane === undefined) continue
      seat.alone = true
      this.#give(seat, [this.suspects.shift(lane)!])
      // It may have been refused.
      seat.alone = seat.holder.held > 0
    }
  }

  /** Lane by lane. Workers that have no room for whose turn it is are not given to who comes after. */
  #placePending(seats: readonly Seat[]): void {
    let open = seats
    let passed = NONE
    while (open.length > 0) {
      const lane = this.pending.first((other) => !passed.has(other))
      if (lane === undefined) return
      const fitting = isForAll(lane) ? open : open.filter(({ tags }) => suits(tags, lane.routing))
      const seat = this.#roomiest(fitting, lane.tasks.peek()!)
      if (seat !== undefined) {
        this.#give(seat, this.#take(lane, seat, fitting))
        continue
      }
      if (fitting.length === open.length) return
      passed = new Set(passed).add(lane)
      open = open.filter(({ tags }) => !suits(tags, lane.routing))
    }
  }

  /** The worker with the least outstanding work, if it has room for such a task. */
  #roomiest(seats: readonly Seat[], entry: Entry): Seat | undefined {
    const limit = this.#heldLimit(entry)
    let best: Seat | undefined
    for (const seat of seats) {
      if (seat.alone || seat.holder.held >= limit) continue
      if (best === undefined || seat.holder.held < best.holder.held) best = seat
    }
    if (best === undefined) return undefined
    // Half empty before more is sent, so that frames stay large; but whoever can run more at once gets it.
    const { held } = best.holder
    return held >= this.#terms.concurrency && held > limit / 2 ? undefined : best
  }

  #heldLimit({ line }: Entry): number {
    // Only what has begun may be lost where nothing may run twice, so nothing is sent ahead.
    return this.#terms.onWorkerLost === 'fail' ? this.#terms.concurrency : line.pace.held(this.#terms.concurrency)
  }

  #take(lane: Lane, seat: Seat, fitting: readonly Seat[]): Entry[] {
    const first = lane.tasks.peek()!
    let held = 0
    for (const { holder } of fitting) held += holder.held
    const room = this.#heldLimit(first) - seat.holder.held
    const share = Math.ceil((lane.tasks.size + held) / fitting.length) - seat.holder.held
    const frame = this.#terms.onWorkerLost === 'fail' ? room : first.line.pace.frame(this.#terms.concurrency)
    const most = Math.max(1, Math.min(room, share, frame))
    const taken: Entry[] = []
    while (taken.length < most && lane.tasks.peek()?.line === first.line) taken.push(this.pending.shift(lane)!)
    return taken
  }
}

const isForAll = ({ routing }: Lane): boolean => routing === undefined || routing.tags.length === 0
