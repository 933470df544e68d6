/**
 * How many tasks of one name to send ahead, learnt from what they have cost so far.
 *
 * What is sent ahead is bounded in estimated time, so that a worker never runs dry on short tasks and never sits on
 * long ones that another could take. Tasks of unknown cost start singly; the bound then doubles with each answer.
 */

/** What one worker may hold, in estimated ms of work: two frames, one in work and one waiting. */
export const AHEAD_MS = 36
/** No worker holds more tasks than this, however short they are. */
const MAX_HELD = 1_024
/** No frame is meant to be larger than this, in bytes, unless one task is. */
const FRAME_BYTES = 1 << 20
/** The inputs and outputs of what one worker holds are meant to stay under this, in bytes. */
const HELD_BYTES = 8 << 20
/** The inputs and outputs of one map that are in memory are meant to stay under this, in bytes. */
const BUFFERED_BYTES = 32 << 20

/** How much of what was seen before still counts after one more answer. */
const KEPT = 0.9

export class Pace {
  /** What tasks seem to have come to cost. */
  #seenMs: number | undefined
  #lastMs = 0
  /** The work and the tasks of the last answers. */
  #busyMs = 0
  #tasks = 0
  #inputBytes = 0
  #outputBytes = 0
  /** How far the start has got: doubles until the estimates bound it. */
  #ramp = 1

  /** The estimated cost of one task in ms of one worker's time, once it is known. */
  get costMs(): number | undefined {
    // Of few that are long among many that are short the mean tells; of a change it would tell late.
    return this.#seenMs === undefined ? undefined : Math.max(this.#seenMs, this.#busyMs / this.#tasks)
  }

  /** A worker answered `count` tasks, for which it was busy `busyMs`, in `bytes`. */
  answered(count: number, busyMs: number, bytes: number): void {
    if (count === 0) return
    this.#busyMs = this.#busyMs * KEPT + busyMs
    this.#tasks = this.#tasks * KEPT + count
    this.#see(busyMs / count)
    this.#outputBytes = blend(this.#outputBytes, bytes / count)
    this.#ramp = Math.min(MAX_HELD, this.#ramp * 2)
  }

  /**
   * Quick to believe that tasks have become long, slow to believe that they are short again. But not by one answer: for a moment
   * the machine may have had other things to do.
   */
  #see(costMs: number): void {
    const last = this.#lastMs
    this.#lastMs = costMs
    const seen = this.#seenMs
    if (seen === undefined) this.#seenMs = costMs
    else if (costMs <= seen) this.#seenMs = seen * KEPT + costMs * (1 - KEPT)
    else if (last > seen) this.#seenMs = (seen + Math.min(costMs, last)) / 2
  }

  /** `count` tasks went into a frame of `bytes`. */
  sent(count: number, bytes: number): void {
    this.#inputBytes = blend(this.#inputBytes, bytes / count)
  }

  /** How many such tasks one worker may hold that runs `concurrency` at once, and takes `slowness` times as long for each. */
  held(concurrency: number, slowness = 1): number {
    const { costMs } = this
    const byTime = costMs === undefined ? 0 : Math.ceil(AHEAD_MS / Math.max(costMs * slowness, 1e-4))
    // One more than it runs, however large they are, or it would wait for each.
    const bySize = Math.max(concurrency + 1, Math.floor(HELD_BYTES / Math.max(1, this.#inputBytes + this.#outputBytes)))
    return Math.max(concurrency, Math.min(MAX_HELD, byTime, bySize, this.#ramp * concurrency))
  }

  /** How many such tasks may go in one frame. */
  frame(concurrency: number, slowness = 1): number {
    const half = Math.ceil(this.held(concurrency, slowness) / 2)
    return Math.max(1, Math.min(half, Math.floor(FRAME_BYTES / Math.max(1, this.#inputBytes))))
  }

  /** How many such tasks, with their outputs, a map may have in memory. */
  buffered(): number {
    const bytes = Math.max(1, this.#inputBytes + this.#outputBytes)
    return Math.max(4, Math.floor(BUFFERED_BYTES / bytes))
  }
}

const blend = (old: number, value: number): number =>
  old === 0 ? value : value > old ? value : old * 0.9 + value * 0.1
