/**
 * What a farm measures of its tasks. Of short ones a sample stands for all, so that it costs next to nothing.
 */
import type { Clock } from '@troupe/core'
import { Latency, type LatencyStats } from './latency.js'
import type { Entry } from './ledger.js'
import { RateMeter } from './rate-meter.js'
import type { ResultsBody } from './wire.js'

/** Tasks that take less are short, in ms. */
const SHORT_MS = 0.1
/** One of so many short tasks is measured. */
const SAMPLE = 32
/** While it is not known what tasks cost, all are measured unless so many of them wait. */
const FEW = 64

/** How many tasks one that is measured stands for, where tasks take so long. */
export const weightAt = (costMs: number | undefined): number =>
  costMs === undefined || costMs >= SHORT_MS ? 1 : SAMPLE

/** When a task was accepted, and how many it stands for. */
export interface Stamp {
  readonly atMs: number
  readonly weight: number
}

export interface MeasuredStats {
  /** Tasks that were done or have failed, each second, over the last ten seconds. */
  readonly tasksPerSecond: number
  /** From the acceptance of a task until it is sent to a worker for the first time. */
  readonly queueTime: LatencyStats
  /** How long a try runs in its worker, with the check of its input. */
  readonly runTime: LatencyStats
}

export class Measures {
  readonly #clock: Clock
  readonly #queueTime = new Latency()
  readonly #runTime = new Latency()
  readonly #rate: RateMeter

  constructor(clock: Clock) {
    this.#clock = clock
    this.#rate = new RateMeter(clock.now())
  }

  /** A task was accepted, beside so many others that wait. */
  accepted(entry: Entry, waiting: number): void {
    const { costMs } = entry.line.pace
    const weight = costMs === undefined && waiting >= FEW ? SAMPLE : weightAt(costMs)
    if (entry.sequence % weight === 0) entry.stamp = { atMs: this.#clock.now(), weight }
  }

  /** A task that has a stamp was sent to a worker. */
  sent(entry: Entry, { atMs, weight }: Stamp): void {
    const nowMs = this.#clock.now()
    this.#queueTime.record(nowMs - atMs, weight, nowMs)
    entry.stamp = undefined
  }

  /** A worker answered; so many tasks have ended in all. */
  answered({ runMs }: ResultsBody, ended: number): void {
    const nowMs = this.#clock.now()
    this.#rate.note(ended, nowMs)
    if (runMs === undefined) return
    for (const [weight, times] of runMs) for (const ms of times) this.#runTime.record(ms, weight, nowMs)
  }

  stats(): MeasuredStats {
    return {
      tasksPerSecond: this.#rate.perSecond(this.#clock.now()),
      queueTime: this.#queueTime.stats(),
      runTime: this.#runTime.stats(),
    }
  }
}
