/**
 * A dispatcher on a stage: a clock that stands still, and a port that writes down what it is asked to do.
 */
import { SimulatedClock, TroupeError } from '@troupe/core'
import { Dispatcher, type DispatchPort, type DispatchTerms, type Seat } from '../../dist/farm/dispatcher.js'
import type { Failure } from '../../dist/farm/failure.js'
import { Entry, type TaskLine, type TaskOwner } from '../../dist/farm/ledger.js'
import { Pace } from '../../dist/farm/pace.js'
import { type RoutingTerms, routingOf } from '../../dist/farm/routing.js'

/** A line of tasks whose outputs are all but 'misfit'. With a cost, as if so much had been learnt. */
export function lineOf(name: string, costMs?: number): TaskLine {
  const pace = new Pace()
  if (costMs !== undefined) for (let n = 0; n < 50; n++) pace.answered(100, 100 * costMs, 100)
  return {
    name,
    pace,
    parseOutput: (value) => (value === 'misfit' ? { ok: false, why: 'does not fit' } : { ok: true, value }),
    keyOf: (input) => `<${input}>`,
  }
}

/** Why a worker ended, in tests. */
export const CRASH = new Error('the worker crashed')
/** Why a task is cancelled, in tests. */
export const UNWANTED = new TroupeError('ABORTED', 'not wanted any more')

export const thrown = (message = 'it went wrong'): Failure => ({ kind: 'thrown', error: { name: 'Error', message } })

/** What the tasks of a test ask for. */
interface Wishes extends RoutingTerms {
  readonly timeoutMs?: number
  readonly retries?: number
  readonly key?: string
}

interface Sent {
  readonly seat: Seat
  readonly firstTicket: number
  readonly entries: readonly Entry[]
}

export class Stage implements TaskOwner {
  unheld = 0
  readonly clock = new SimulatedClock()
  readonly dispatcher: Dispatcher
  /** Frames of tasks, as they were sent. */
  readonly sent: Sent[] = []
  readonly cancelled: [worker: string, tickets: readonly number[]][] = []
  readonly allowed: [worker: string, ticket: number, upTo: number][] = []
  readonly killed: [worker: string, why: string][] = []
  /** Inputs of the tasks that were settled, in the order in which they were, with their value or the code of the error. */
  readonly settledAs: [input: unknown, outcome: unknown][] = []
  /** Called with each task that is settled. */
  onSettled: (entry: Entry) => void = () => undefined
  flushAsked = false
  /** The tags that workers may have. */
  routes: readonly ReadonlySet<string>[] = [new Set()]
  /** Inputs that cannot be encoded. */
  readonly unencodable = new Set<unknown>()
  #inputs = 0

  constructor(terms: Partial<DispatchTerms> = {}, random = () => 0) {
    const defaults = {
      concurrency: 1,
      backoff: { minMs: 100, maxMs: 30_000, factor: 2, jitter: 0 },
      onWorkerLost: 'redeliver',
      graceMs: 1_000,
      hangMs: 0,
    } as const
    const port: DispatchPort = {
      send: (seat, firstTicket, entries) => this.#send(seat, firstTicket, entries),
      cancel: (seat, tickets) => this.cancelled.push([seat.id, tickets]),
      allow: (seat, ticket, upTo) => this.allowed.push([seat.id, ticket, upTo]),
      kill: (seat, why) => this.killed.push([seat.id, why]),
      flushSoon: () => {
        this.flushAsked = true
      },
      routes: () => this.routes,
    }
    this.dispatcher = new Dispatcher({ ...defaults, ...terms }, port, this.clock, random)
  }

  settled(entry: Entry): void {
    const reason = entry.reason as { code?: string } | undefined
    this.settledAs.push([entry.input, reason === undefined ? entry.value : reason.code])
    this.onSettled(entry)
  }

  /** Workers that have joined. */
  join<const Ids extends readonly string[]>(...ids: Ids): { [Index in keyof Ids]: Seat } {
    const seats = ids.map((id) => this.dispatcher.join({ id }))
    this.endTurn()
    return seats as { [Index in keyof Ids]: Seat }
  }

  /** A worker that has tags has joined. */
  joinTagged(id: string, ...tags: string[]): Seat {
    const seat = this.dispatcher.join({ id, tags: new Set(tags) })
    this.routes = [...this.routes, seat.tags]
    this.endTurn()
    return seat
  }

  /** Gives the dispatcher tasks; their inputs are the letters of the alphabet, in order. */
  accept(count: number, line: TaskLine, { timeoutMs = 0, retries = 0, key, ...wishes }: Wishes = {}): Entry[] {
    const routing = routingOf({ inOrder: key !== undefined, ...wishes })
    const entries = Array.from({ length: count }, () => {
      const number = this.#inputs++
      const entry = new Entry(line, letter(number), number, timeoutMs, retries, this)
      return Object.assign(entry, { routing, orderKey: key })
    })
    for (const entry of entries) this.dispatcher.accept(entry)
    return entries
  }

  /** The end of a turn of the event loop. */
  endTurn(): void {
    while (this.flushAsked) {
      this.flushAsked = false
      this.dispatcher.flush()
    }
  }

  /** Time goes by, and limits are looked at as often as the farm does. */
  advance(ms: number, stepMs = 25): void {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left))
      this.dispatcher.tick()
      this.endTurn()
    }
  }

  /** A worker answers the tasks with their input in capitals, or all with one value or one failure; the turn ends. */
  answer(seat: Seat, entries?: readonly Entry[], given?: { value: unknown } | Failure): void {
    this.answerWithin(seat, entries, given)
    this.endTurn()
  }

  /** As {@link answer}, and the turn goes on. */
  answerWithin(
    seat: Seat,
    entries: readonly Entry[] = [...seat.holder.entries()],
    given?: { value: unknown } | Failure,
  ): void {
    const tickets = entries.map((entry) => [entry.ticket, entry] as const)
    const outputs = tickets.map(([ticket, { input }]): [number, unknown[]] => [
      ticket,
      [given !== undefined && 'value' in given ? given.value : String(input).toUpperCase()],
    ])
    const failures = tickets.map(([ticket]): [number, Failure] => [ticket, given as Failure])
    const failed = given !== undefined && !('value' in given)
    this.dispatcher.answered(
      seat,
      {
        outputs: failed ? [] : outputs,
        failures: failed ? failures : [],
        busyMs: entries.length * (entries[0]?.line.pace.costMs ?? 1),
        runMs: [[1, entries.map(({ line }) => line.pace.costMs ?? 1)]],
      },
      10 * entries.length,
    )
  }

  lose(seat: Seat, cause: Error = CRASH): void {
    this.dispatcher.lost(seat, cause)
    this.endTurn()
  }

  /** What a worker has, as the inputs. */
  has = (seat: Seat): unknown[] => [...seat.holder.entries()].map(({ input }) => input)

  /** The inputs of each frame that was sent, with the worker it went to. */
  frames(): [string, string][] {
    return this.sent.map(({ seat, entries }) => [seat.id, entries.map(({ input }) => input).join('')])
  }

  #send(seat: Seat, firstTicket: number, entries: readonly Entry[]): ReturnType<DispatchPort['send']> {
    const refused = new Map(
      entries.filter(({ input }) => this.unencodable.has(input)).map((entry) => [entry, new Error('a function')]),
    )
    const sent = entries.filter((entry) => !refused.has(entry))
    if (sent.length > 0) this.sent.push({ seat, firstTicket, entries: sent })
    return { bytes: 10 * sent.length, refused }
  }
}

const letter = (number: number): string => (number < 26 ? String.fromCharCode(97 + number) : `z${number}`)
