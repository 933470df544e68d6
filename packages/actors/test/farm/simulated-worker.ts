/**
 * A worker of a farm on a simulated clock, with the links and the network between the two: frames are late, lost, doubled and
 * overtaken; tasks end well, fail, do not listen and kill; workers freeze and die. All from one seed.
 */
import type { SimulatedClock } from '@troupe/core'
import type { Seeded } from '@troupe/testing/seeded'
import type { Seat } from '../../dist/farm/dispatcher.js'
import type { Failure } from '../../dist/farm/failure.js'
import { Link } from '../../dist/farm/link.js'
import { thrown } from './staged-dispatcher.js'

/** How often of a thousand frames something befalls one. */
export interface Weather {
  readonly lost: number
  readonly doubled: number
  readonly overtaken: number
  /** How late a frame may be, in ms. */
  readonly lateMs: number
}

/** What a task does, which is its input. */
export interface Deed {
  readonly id: number
  readonly takesMs: number
  /** 'deaf' does not end when it is told, 'kills' takes its worker with it. */
  readonly fate: 'done' | 'throws' | 'misfit' | 'deaf' | 'kills'
}

/** One try on its way. */
export interface Try {
  readonly ticket: number
  readonly deed: Deed
  readonly timeoutMs: number
}

export interface Results {
  readonly outputs: [number, unknown[]][]
  readonly failures: [number, Failure][]
}

type Down = { readonly tries: readonly Try[] } | { readonly cancel: readonly number[] }

/** A frame with its number, or 0 for a beat, and the last that was taken from the other side. */
interface Frame<Body> {
  readonly sequence: number
  readonly acknowledged: number
  readonly body?: Body
}

export interface World {
  readonly clock: SimulatedClock
  readonly random: Seeded
  readonly weather: Weather
  readonly concurrency: number
  readonly graceMs: number
  /** A try begins to run, or has ended: with its worker at the latest. */
  began(deed: Deed): void
  ended(deed: Deed): void
  heard(seat: Seat): void
  answered(seat: Seat, results: Results): void
  died(worker: SimulatedWorker): void
}

const BEAT_MS = 40
const RESEND_MS = 60

export class SimulatedWorker {
  seat!: Seat
  isAlive = true
  readonly #world: World
  readonly #down = new Link<Frame<Down>>()
  readonly #up = new Link<Frame<Results>>()
  #queue: Try[] = []
  readonly #running = new Map<number, Try>()
  #frozenUntilMs = 0
  readonly #lastMs = { down: 0, up: 0 }

  constructor(world: World) {
    this.#world = world
    this.#beat()
  }

  /** The farm sends tries. */
  send(tries: readonly Try[]): void {
    this.#sendDown({ tries })
  }

  /** The farm cancels tries. */
  cancel(tickets: readonly number[]): void {
    this.#sendDown({ cancel: tickets })
  }

  freeze(forMs: number): void {
    this.#frozenUntilMs = this.#world.clock.now() + forMs
  }

  die(): void {
    if (!this.isAlive) return
    this.isAlive = false
    for (const { deed } of this.#running.values()) this.#world.ended(deed)
    this.#running.clear()
    this.#world.died(this)
  }

  /** At both ends: what keeps a lost frame from being lost for good. */
  #beat(): void {
    if (!this.isAlive) return
    const now = this.#world.clock.now()
    for (const frame of this.#down.overdue(now, RESEND_MS))
      this.#carryDown({ ...frame, acknowledged: this.#up.received })
    this.#carryDown({ sequence: 0, acknowledged: this.#up.received })
    for (const frame of this.#up.overdue(now, RESEND_MS)) this.#carryUp({ ...frame, acknowledged: this.#down.received })
    this.#carryUp({ sequence: 0, acknowledged: this.#down.received })
    this.#later(BEAT_MS, () => this.#beat())
  }

  #sendDown(body: Down): void {
    const acknowledged = this.#up.received
    this.#carryDown(this.#down.send(this.#world.clock.now(), (sequence) => ({ sequence, acknowledged, body })))
  }

  #sendUp(body: Results): void {
    const acknowledged = this.#down.received
    this.#carryUp(this.#up.send(this.#world.clock.now(), (sequence) => ({ sequence, acknowledged, body })))
  }

  #carryDown(frame: Frame<Down>): void {
    this.#carry('down', () => {
      if (!this.isAlive) return
      this.#awake(() => {
        this.#up.acknowledge(this.#world.clock.now(), frame.acknowledged)
        if (frame.body === undefined || this.#down.arrive(frame.sequence) !== 'take') return
        if ('tries' in frame.body) this.#queue.push(...frame.body.tries)
        else for (const ticket of frame.body.cancel) this.#cancelled(ticket)
        this.#pump()
      })
    })
  }

  /** What a worker has sent may come after its death. */
  #carryUp(frame: Frame<Results>): void {
    this.#awake(() =>
      this.#carry('up', () => {
        this.#world.heard(this.seat)
        this.#down.acknowledge(this.#world.clock.now(), frame.acknowledged)
        if (frame.body === undefined || this.#up.arrive(frame.sequence) !== 'take') return
        this.#world.answered(this.seat, frame.body)
      }),
    )
  }

  #carry(way: 'down' | 'up', deliver: () => void): void {
    const { random, weather, clock } = this.#world
    const happens = (often: number) => random() * 1_000 < often
    if (happens(weather.lost)) return
    for (let copies = happens(weather.doubled) ? 2 : 1; copies > 0; copies--) {
      let atMs = clock.now() + random() * weather.lateMs
      if (happens(weather.overtaken)) atMs += 2 * weather.lateMs
      else {
        atMs = Math.max(atMs, this.#lastMs[way])
        this.#lastMs[way] = atMs
      }
      clock.setTimeout(deliver, atMs - clock.now())
    }
  }

  /** Does what it does when its event loop turns again. */
  #awake(then: () => void): void {
    const leftMs = this.#frozenUntilMs - this.#world.clock.now()
    if (leftMs <= 0) then()
    else this.#later(leftMs, () => this.#awake(then))
  }

  #later(ms: number, then: () => void): void {
    this.#world.clock.setTimeout(() => {
      if (this.isAlive) then()
    }, ms)
  }

  #cancelled(ticket: number): void {
    if (this.#running.has(ticket)) return this.#abort(ticket)
    const index = this.#queue.findIndex((other) => other.ticket === ticket)
    if (index === -1) return
    this.#queue.splice(index, 1)
    this.#fail(ticket, { kind: 'cancelled' })
  }

  #abort(ticket: number): void {
    const run = this.#running.get(ticket)
    if (run === undefined || run.deed.fate === 'deaf') return
    this.#later(this.#world.random.whole(0, 5), () => this.#end(run, { kind: 'cancelled' }))
  }

  #pump(): void {
    while (this.isAlive && this.#running.size < this.#world.concurrency && this.#queue.length > 0) {
      this.#start(this.#queue.shift()!)
    }
  }

  #start(run: Try): void {
    const { deed, timeoutMs, ticket } = run
    this.#running.set(ticket, run)
    this.#world.began(deed)
    if (timeoutMs > 0 && timeoutMs < deed.takesMs) this.#later(timeoutMs, () => this.#overran(run))
    this.#later(deed.takesMs, () => this.#awake(() => this.#finish(run)))
  }

  #finish(run: Try): void {
    if (this.#running.get(run.ticket) !== run) return
    const { fate } = run.deed
    if (fate === 'kills') return this.die()
    this.#end(run, fate === 'throws' ? thrown() : undefined)
  }

  #overran(run: Try): void {
    if (this.#running.get(run.ticket) !== run) return
    const { timeoutMs } = run
    if (run.deed.fate !== 'deaf') return this.#end(run, { kind: 'timeout', timeoutMs, stuck: false })
    this.#later(this.#world.graceMs, () => {
      if (this.#running.get(run.ticket) === run) this.#fail(run.ticket, { kind: 'timeout', timeoutMs, stuck: true })
    })
  }

  #end(run: Try, failure: Failure | undefined): void {
    if (!this.#running.delete(run.ticket)) return
    this.#world.ended(run.deed)
    const value = run.deed.fate === 'misfit' ? 'misfit' : run.deed.id
    if (failure === undefined) this.#sendUp({ outputs: [[run.ticket, [value]]], failures: [] })
    else this.#fail(run.ticket, failure)
    this.#pump()
  }

  #fail(ticket: number, failure: Failure): void {
    this.#sendUp({ outputs: [], failures: [[ticket, failure]] })
  }
}
