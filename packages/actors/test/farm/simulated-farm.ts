/**
 * A farm's dispatcher and admission, with simulated workers, that keeps account of all that happens and says what must not.
 */
import { SimulatedClock } from '@troupe/core'
import type { Seeded } from '@troupe/testing/seeded'
import { Deadlines } from '../../dist/actor/deadlines.js'
import { Admission, type CallerLimits } from '../../dist/farm/admission.js'
import { Dispatcher, type Seat } from '../../dist/farm/dispatcher.js'
import { Entry, type TaskOwner } from '../../dist/farm/ledger.js'
import { Rate, type RateTerms } from '../../dist/farm/rate.js'
import { type RoutingTerms, routingOf } from '../../dist/farm/routing.js'
import { suits } from '../../dist/farm/seat.js'
import { Submitted } from '../../dist/farm/submitted.js'
import { type Deed, type Results, SimulatedWorker, type Weather, type World } from './simulated-worker.js'
import { CRASH, lineOf } from './staged-dispatcher.js'

const TICK_MS = 25
const LAST_WORDS_MS = 15

/** What one submit asks for. */
export interface Wish extends Omit<RoutingTerms, 'rates' | 'inOrder'>, CallerLimits {
  readonly deed: Deed
  readonly key?: string | undefined
  readonly rate?: CountedRate | undefined
  readonly dedupeKey?: string | undefined
  /** It may run twice at the same time. */
  readonly speculates?: boolean
  readonly timeoutMs: number
  readonly retries: number
}

/** A rate, and when tasks of it were sent. */
export class CountedRate extends Rate {
  readonly begunMs: number[] = []
  readonly terms: RateTerms

  constructor(terms: RateTerms) {
    super(terms)
    this.terms = terms
  }

  /** The most that began in any window of its time. */
  get most(): number {
    const { perMs } = this.terms
    return Math.max(0, ...this.begunMs.map((at) => this.begunMs.filter((b) => b >= at && b < at + perMs).length))
  }
}

export interface FarmTerms {
  readonly concurrency: number
  readonly onWorkerLost: 'redeliver' | 'fail'
  readonly hangMs: number
  readonly maxQueued: number
  /** The tags of each worker. */
  readonly routes: readonly ReadonlySet<string>[]
}

export class SimulatedFarm implements World {
  readonly clock = new SimulatedClock()
  readonly random: Seeded
  readonly weather: Weather
  readonly concurrency: number
  readonly graceMs = 50
  readonly dispatcher: Dispatcher
  readonly deadlines: Deadlines<() => void>
  readonly admission: Admission
  readonly workers = new Map<ReadonlySet<string>, SimulatedWorker>()
  readonly entries: Entry[] = []
  /** How often each caller was told, and what. */
  readonly told: { readonly wish: Wish; readonly outcomes: unknown[] }[] = []
  /** What was seen that must not be. */
  readonly wrongs: string[] = []
  readonly #terms: FarmTerms
  readonly #lines = [lineOf('unknown'), lineOf('short', 0.1), lineOf('long', 50)]
  readonly #runs = new Map<string, { readonly running: Set<Deed>; last: number }>()
  readonly #keyOf = new Map<Deed, string>()
  #flushing = false
  isCalm = false

  constructor(random: Seeded, weather: Weather, terms: FarmTerms) {
    this.random = random
    this.weather = weather
    this.concurrency = terms.concurrency
    this.#terms = terms
    const { clock, graceMs } = this
    const backoff = { minMs: 10, maxMs: 100, factor: 2, jitter: 0.5 }
    this.dispatcher = new Dispatcher({ ...terms, backoff, graceMs }, this.#port(), clock, random)
    this.deadlines = new Deadlines(clock, (over) => over())
    this.admission = new Admission({ ...terms, dispatcher: this.dispatcher, clock, deadlines: this.deadlines })
    for (const tags of terms.routes) this.#hire(tags)
  }

  submit(wish: Wish): void {
    const outcomes: unknown[] = []
    this.told.push({ wish, outcomes })
    const note = (outcome: unknown) => outcomes.push(outcome)
    const caller = new Submitted(note, (reason) => note((reason as { code: string }).code))
    if (wish.speculates) {
      this.dispatcher.speculation.add(Object.assign(caller, { speculate: { multiplier: 1, minMs: 10 }, isAtEnd: true }))
    }
    const { dedupeKey } = wish
    const make = (owner: TaskOwner) => this.#entry(wish, owner)
    if (dedupeKey === undefined) this.admission.admit(make(caller), caller, wish)
    else this.admission.share(dedupeKey, caller, wish, make)
  }

  /** Lets time go by, and the limits be looked at. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= TICK_MS) {
      this.clock.advance(Math.min(TICK_MS, left))
      this.dispatcher.tick()
    }
  }

  began(deed: Deed): void {
    const key = this.#keyOf.get(deed)
    if (key === undefined) return
    const { running, last } = this.#runs.get(key) ?? { running: new Set(), last: -1 }
    if (running.size > 0) this.wrongs.push(`two of key ${key} run at a time`)
    if (deed.id < last) this.wrongs.push(`${deed.id} of key ${key} runs after ${last}`)
    this.#runs.set(key, { running: running.add(deed), last: deed.id })
  }

  ended(deed: Deed): void {
    const key = this.#keyOf.get(deed)
    if (key !== undefined) this.#runs.get(key)!.running.delete(deed)
  }

  heard(seat: Seat): void {
    this.dispatcher.heard(seat)
  }

  answered(seat: Seat, { outputs, failures }: Results): void {
    const busyMs = this.random() * 5
    const runMs: [number, number[]][] = [[1, [busyMs]]]
    const results = { outputs, failures, busyMs, runMs }
    this.dispatcher.answered(seat, results, 10)
    // The link does not let this happen; the ledger would not mind.
    if (this.random.chance(0.05)) this.dispatcher.answered(seat, results, 10)
  }

  died({ seat }: SimulatedWorker): void {
    seat.leaving = true
    this.clock.setTimeout(() => {
      this.dispatcher.lost(seat, CRASH)
      this.clock.setTimeout(() => this.#hire(seat.tags), this.random.whole(0, 60))
    }, LAST_WORDS_MS)
  }

  #hire(tags: ReadonlySet<string>): void {
    if (this.isCalm && this.dispatcher.pending + this.dispatcher.held + this.admission.waiting === 0) return
    const worker = new SimulatedWorker(this)
    this.workers.set(tags, worker)
    worker.seat = this.dispatcher.join({ id: 'worker', tags })
  }

  #entry({ deed, key, rate, timeoutMs, retries, ...wishes }: Wish, owner: TaskOwner): Entry {
    const entry = new Entry(this.random.pick(this.#lines), deed, deed.id, timeoutMs, retries, owner)
    const rates = rate === undefined ? [] : [rate]
    entry.routing = routingOf({ ...wishes, rates, inOrder: key !== undefined })
    entry.orderKey = key
    if (key !== undefined) this.#keyOf.set(deed, key)
    this.entries.push(entry)
    return entry
  }

  #port(): ConstructorParameters<typeof Dispatcher>[1] {
    const workerOf = (seat: Seat) => [...this.workers.values()].find((worker) => worker.seat === seat)
    return {
      send: (seat, firstTicket, entries) => {
        this.#watch(seat, entries)
        const tries = entries.map(({ input, timeoutMs }, index) => {
          return { ticket: firstTicket + index, deed: input as Deed, timeoutMs }
        })
        workerOf(seat)?.send(tries)
        return { bytes: 10, refused: new Map() }
      },
      cancel: (seat, tickets) => workerOf(seat)?.cancel(tickets),
      kill: (seat) => {
        const worker = workerOf(seat)
        this.clock.setTimeout(() => worker?.die(), this.random.whole(1, 20))
      },
      flushSoon: () => this.#flushSoon(),
      routes: () => this.#terms.routes,
      // No task here gives parts.
      allow: () => undefined,
    }
  }

  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    this.clock.setTimeout(() => {
      this.#flushing = false
      this.dispatcher.flush()
      this.admission.admitWaiting()
    }, 0)
  }

  /** Whether these are the ones whose turn it is on that worker. */
  #watch(seat: Seat, entries: readonly Entry[]): void {
    const nowMs = this.clock.now()
    if (seat.leaving || seat.condemned !== undefined) this.wrongs.push('a worker that leaves is given tasks')
    if (this.dispatcher.isPaused) this.wrongs.push('something is given out in a pause')
    const others = this.entries.filter((other) => other.state === 'pending' && other.sequence > 0)
    for (const entry of entries) {
      const rate = entry.routing?.rates[0]
      if (rate instanceof CountedRate) rate.begunMs.push(nowMs)
      if (!suits(seat.tags, entry.routing)) this.wrongs.push(`${entry.number} is on a worker that has not its tags`)
      for (const other of others) {
        if (!entries.includes(other) && goesBefore(other, entry, seat, nowMs)) {
          this.wrongs.push(`${entry.number} goes before ${other.number}`)
        }
      }
    }
  }
}

/** Whether another that waits should have been given to a worker first. */
function goesBefore(other: Entry, entry: Entry, seat: Seat, nowMs: number): boolean {
  if (!suits(seat.tags, other.routing)) return false
  if (other.routing?.rates.some((rate) => rate.room(nowMs) <= 0)) return false
  if (other.suspect !== entry.suspect) return other.suspect
  const [priority, own] = [other.routing?.priority ?? 0, entry.routing?.priority ?? 0]
  if (priority !== own) return priority > own
  const isFirstTry = other.attempts + entry.attempts === 0 && other.orderKey === undefined
  return isFirstTry && other.routing?.lane === entry.routing?.lane && other.sequence < entry.sequence
}
