/**
 * The rule by which tasks that wait are given to workers: who is next, to whom it goes, and how many go with it.
 */
import { Contest, speedOf } from './contest.js'
import type { Backlog } from './elastic.js'
import type { Entry, TaskOwner } from './ledger.js'
import { roomOf } from './rate.js'
import type { Routing } from './routing.js'
import { type Seat, suits } from './seat.js'
import { type Lane, TaskQueue } from './task-queue.js'

export interface PlacementTerms {
  readonly onWorkerLost: 'redeliver' | 'fail'
}

export class Placement {
  readonly pending = new TaskQueue()
  readonly suspects = new TaskQueue()
  readonly #terms: PlacementTerms
  #againMs = Number.POSITIVE_INFINITY
  #nowMs = 0
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

  /**
   * Gives what can be given. Suspects go first, and what they wait for is kept for them. Returns when to look again, because
   * a rate holds something back; Infinity if none does.
   */
  place(seats: readonly Seat[], nowMs: number): number {
    this.#againMs = Number.POSITIVE_INFINITY
    this.#nowMs = nowMs
    if (this.suspects.size > 0) this.#placePending(this.#placeSuspects(seats, nowMs), nowMs)
    else this.#placePending(seats, nowMs)
    return this.#againMs
  }

  /** Tasks that wait, by the tags that they ask for, without those that a rate holds back. */
  backlogs(nowMs: number): Backlog[] {
    const backlogs = new Map<string, Backlog>()
    for (const lane of [...this.suspects.lanes(), ...this.pending.lanes()]) {
      const tasks = Math.min(lane.tasks.size, this.#rateRoom(lane, nowMs))
      const first = lane.tasks.peek()
      if (tasks <= 0 || first === undefined) continue
      const tags = lane.routing?.tags ?? []
      const key = tags.join('\n')
      backlogs.set(key, together(backlogs.get(key), { tags, tasks, costMs: first.line.pace.costMs }))
    }
    return [...backlogs.values()]
  }

  #queueOf({ suspect }: Entry): TaskQueue {
    return suspect ? this.suspects : this.pending
  }

  /** One to each worker that has nothing else. Returns the workers for which none of them waits. */
  #placeSuspects(seats: readonly Seat[], nowMs: number): readonly Seat[] {
    const waitsFor = (lane: Lane, seat: Seat) => suits(seat.tags, lane.routing) && this.#rateRoom(lane, nowMs) > 0
    for (const seat of seats) {
      if (seat.holder.held > 0) continue
      const lane = this.suspects.first((other) => waitsFor(other, seat))
      if (lane === undefined) continue
      seat.alone = true
      this.#give(seat, [this.suspects.shift(lane)!])
      // It may have been refused.
      seat.alone = seat.holder.held > 0
    }
    const lanes = [...this.suspects.lanes()]
    return seats.filter((seat) => !lanes.some((lane) => waitsFor(lane, seat)))
  }

  /** Lane by lane. Workers that have no room for whose turn it is are not given to who comes after. */
  #placePending(seats: readonly Seat[], nowMs: number): void {
    let open = seats
    let contest: { readonly entrants: Contest; readonly lane: Lane; readonly first: Entry } | undefined
    const passed = new Set<Lane>()
    while (open.length > 0) {
      const lane = this.pending.first((other) => !passed.has(other))
      if (lane === undefined) return
      const rateRoom = this.#rateRoom(lane, nowMs)
      if (rateRoom <= 0) {
        passed.add(lane)
        continue
      }
      const first = lane.tasks.peek()!
      if (contest?.lane !== lane || !areAlike(contest.first, first)) {
        contest = { entrants: this.#contestFor(lane, first, open), lane, first }
      }
      const seat = this.#roomiest(contest.entrants, first)
      if (seat !== undefined) {
        const taken = this.#take(lane, seat, contest.entrants, rateRoom)
        contest.entrants.held += taken.length
        this.#give(seat, taken)
        continue
      }
      if (isForAll(lane)) return
      passed.add(lane)
      open = open.filter(({ tags }) => !suits(tags, lane.routing))
    }
  }

  #contestFor(lane: Lane, first: Entry, open: readonly Seat[]): Contest {
    const fitting = isForAll(lane) ? open : open.filter(({ tags }) => suits(tags, lane.routing))
    return new Contest(fitting, (seat) => !seat.alone && seat.holder.held < this.#heldLimit(first, seat))
  }

  /** How many tasks of a lane its rates let begin. */
  #rateRoom({ routing }: Lane, nowMs: number): number {
    if (routing === undefined || routing.rates.length === 0) return Number.POSITIVE_INFINITY
    const { room, backMs } = roomOf(routing.rates, nowMs)
    if (room <= 0) this.#againMs = Math.min(this.#againMs, backMs)
    return room
  }

  /** The worker with the least outstanding work, if it has room for such a task. */
  #roomiest(contest: Contest, entry: Entry): Seat | undefined {
    const best = contest.first()
    if (best === undefined) return undefined
    const { slots, holder } = best
    // Whoever can run more at once gets it.
    if (holder.held < slots) return best
    // Else it is half empty before more is sent, and more is half of what it may have: small frames would come back as
    // small answers, which let in as little, for ever.
    const fair = Math.ceil(((this.pending.size + contest.held) * speedOf(best)) / contest.speed)
    const half = Math.min(this.#heldLimit(entry, best), fair) / 2
    return holder.held > half || this.pending.size < half ? undefined : best
  }

  #heldLimit({ line, routing, owner }: Entry, { slots, slowness, doubtedUntilMs }: Seat): number {
    // A try whose parts are read may wait for its reader, so nothing of its kind is to wait behind it.
    if (isRead(owner) || this.#beginsAtOnce(routing) || doubtedUntilMs > this.#nowMs) return slots
    return line.pace.held(slots, slowness)
  }

  /**
   * Whether nothing is sent ahead: only what has begun may be lost where nothing may run twice, and what a rate counts is what
   * begins.
   */
  #beginsAtOnce(routing: Routing | undefined): boolean {
    return this.#terms.onWorkerLost === 'fail' || (routing !== undefined && routing.rates.length > 0)
  }

  #take(lane: Lane, seat: Seat, { held, speed }: Contest, rateRoom: number): Entry[] {
    const first = lane.tasks.peek()!
    const room = this.#heldLimit(first, seat) - seat.holder.held
    const share = Math.ceil(((lane.tasks.size + held) * speedOf(seat)) / speed) - seat.holder.held
    const frame = this.#beginsAtOnce(lane.routing) ? room : first.line.pace.frame(seat.slots, seat.slowness)
    const most = Math.max(1, Math.min(room, share, frame, rateRoom))
    const taken: Entry[] = []
    while (taken.length < most && lane.tasks.peek()?.line === first.line) taken.push(this.pending.shift(lane)!)
    return taken
  }
}

/** Whether a worker that has room for one of a lane has room for the other. */
const areAlike = (one: Entry, other: Entry): boolean =>
  one.line === other.line && isRead(one.owner) === isRead(other.owner)

const isRead = ({ updates }: TaskOwner): boolean => updates !== undefined && updates.wants.parts > 0

const isForAll = ({ routing }: Lane): boolean => routing === undefined || routing.tags.length === 0

/** The tasks of two as one: what one of them costs on average, if both are known. */
function together(one: Backlog | undefined, other: Backlog): Backlog {
  if (one === undefined) return other
  const tasks = one.tasks + other.tasks
  const known = one.costMs !== undefined && other.costMs !== undefined
  const costMs = known ? (one.tasks * one.costMs! + other.tasks * other.costMs!) / tasks : undefined
  return { tags: other.tags, tasks, costMs }
}
