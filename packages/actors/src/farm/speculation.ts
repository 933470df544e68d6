/**
 * Second runs of stragglers at the end of a map, on workers that have nothing else to do: who is first counts, and the other is
 * cancelled. What is typical is learnt while the map runs. MapReduce's backup tasks, by Spark's rule of a multiple of the
 * median.
 */
import { Entry, type TaskOwner } from './ledger.js'
import { roomOf } from './rate.js'
import { isOpen, type Seat, suits } from './seat.js'
import type { ResultsBody } from './wire.js'

export interface SpeculateTerms {
  /** A task that was sent longer ago than so many times the median of how long such tasks run ... */
  readonly multiplier: number
  /** ... and longer ago than this, in ms, is a straggler. */
  readonly minMs: number
}

/** A map whose stragglers may run twice. */
export interface Speculator extends TaskOwner {
  readonly speculate: SpeculateTerms | undefined
  /** All its input was read. */
  readonly isAtEnd: boolean
}

/** Second runs for one worker. */
export interface SpareRuns {
  readonly seat: Seat
  readonly spares: readonly Entry[]
}

/** Run times that are remembered of a task. */
const REMEMBERED = 127

export class Speculation {
  readonly #owners = new Set<Speculator>()
  /** Of late, by the name of the task. */
  readonly #runMs = new Map<string, number[]>()
  /** What has had its second run: there is no third. */
  readonly #ran = new WeakSet<Entry>()

  add(owner: Speculator): void {
    if (owner.speculate !== undefined) this.#owners.add(owner)
  }

  delete(owner: Speculator): void {
    this.#owners.delete(owner)
    if (this.#owners.size === 0) this.#runMs.clear()
  }

  /** A worker answered tasks of a name. */
  answered(task: string, { runMs = [] }: ResultsBody): void {
    if (this.#owners.size === 0) return
    const known = [...(this.#runMs.get(task) ?? []), ...runMs.flatMap(([, times]) => times)]
    this.#runMs.set(task, known.slice(-REMEMBERED))
  }

  /** The second runs that shall begin now. What is taken is to be given to its worker before the next is asked for. */
  *due(seats: ReadonlySet<Seat> | readonly Seat[], nowMs: number): Generator<SpareRuns> {
    if (![...this.#owners].some(({ isAtEnd }) => isAtEnd)) return
    let left = this.#stragglers(seats, nowMs)
    if (left.length === 0) return
    // Who is known to be slow comes last.
    const free = [...seats].filter(isFree).sort((one, other) => one.slowness - other.slowness)
    for (const [index, seat] of free.entries()) {
      const share = Math.ceil(left.length / (free.length - index))
      const taken = takenBy(seat, left, share, nowMs)
      if (taken.length === 0) continue
      left = left.filter((entry) => !taken.includes(entry))
      yield { seat, spares: taken.map((entry) => this.#spareOf(entry)) }
    }
  }

  /** Who waits for longest comes first. */
  #stragglers(seats: Iterable<Seat>, nowMs: number): Entry[] {
    const found: { readonly entry: Entry; readonly sentMs: number }[] = []
    for (const { holder } of seats) {
      for (const entry of holder.entries()) {
        const sentMs = holder.sentMs(entry.ticket)!
        if (this.#isStraggler(entry, nowMs - sentMs)) found.push({ entry, sentMs })
      }
    }
    return found.sort((one, other) => one.sentMs - other.sentMs).map(({ entry }) => entry)
  }

  #isStraggler(entry: Entry, waitedMs: number): boolean {
    // What may have killed a worker is not to kill two.
    if (entry.state !== 'held' || entry.suspect || this.#ran.has(entry)) return false
    const owner = entry.owner as Speculator
    if (!this.#owners.has(owner) || !owner.isAtEnd || owner.speculate === undefined) return false
    const { minMs, multiplier } = owner.speculate
    const typicalMs = median(this.#runMs.get(entry.line.name) ?? [])
    return waitedMs > minMs && typicalMs !== undefined && waitedMs > multiplier * typicalMs
  }

  #spareOf(entry: Entry): Entry {
    const owner = new SpareOwner(entry.owner.keepsOutputs === true)
    const spare = new Entry(entry.line, entry.input, entry.number, entry.timeoutMs, 0, owner)
    spare.routing = entry.routing
    spare.attempts = entry.attempts
    spare.isSpare = true
    spare.twin = entry
    entry.twin = spare
    this.#ran.add(entry)
    return spare
  }
}

/** Nobody waits for a second run but the first. */
class SpareOwner implements TaskOwner {
  unheld = 1
  readonly updates = { wants: { parts: 0, progress: false }, parts() {}, progress() {}, again: () => false }

  constructor(readonly keepsOutputs: boolean) {}

  settled(): void {}
}

const isFree = (seat: Seat): boolean => isOpen(seat) && !seat.alone && seat.holder.held < seat.slots

/** Those that a worker can take, of one task: as many as it could be sent of any, and not more than its share. */
function takenBy(seat: Seat, entries: readonly Entry[], share: number, nowMs: number): Entry[] {
  const fitting = entries.filter((entry) => entry.holder !== seat.holder && suits(seat.tags, entry.routing))
  const [first] = fitting
  if (first === undefined) return []
  const { line, routing } = first
  const rateRoom = routing === undefined ? Number.POSITIVE_INFINITY : roomOf(routing.rates, nowMs).room
  const room = line.pace.held(seat.slots, seat.slowness) - seat.holder.held
  const alike = fitting.filter((entry) => entry.line === line && entry.routing === routing)
  return alike.slice(0, Math.max(0, Math.min(share, room, rateRoom)))
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((one, other) => one - other)[values.length >> 1]
}
