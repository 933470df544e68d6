/**
 * The clock that everything with a timer is given, so that every lifecycle can be tested without sleeping.
 * It has the shape of xstate's clock, so a machine can be run on it too.
 */

/** Monotonic time and timers. */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary start. */
  now(): number
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(timer: unknown): void
}

/** The time of this process. Its timers keep the process alive, as Node's do. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
}

interface Scheduled {
  readonly atMs: number
  readonly callback: () => void
}

/** A clock that stands still until it is told to {@link SimulatedClock.advance}. */
export class SimulatedClock implements Clock {
  #nowMs = 0
  #lastId = 0
  readonly #timers = new Map<number, Scheduled>()

  now(): number {
    return this.#nowMs
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const id = ++this.#lastId
    this.#timers.set(id, { atMs: this.#nowMs + Math.max(0, delayMs), callback })
    return id
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number)
  }

  /** How many timers are set: a lifecycle that has ended should leave none. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves the time on by `ms` and runs what falls due on the way, in order of time, then of setting. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      const [id, timer] = next
      this.#timers.delete(id)
      this.#nowMs = Math.max(this.#nowMs, timer.atMs)
      timer.callback()
    }
    this.#nowMs = endMs
  }

  #next(endMs: number): [number, Scheduled] | undefined {
    let first: [number, Scheduled] | undefined
    for (const entry of this.#timers) {
      if (entry[1].atMs <= endMs && (first === undefined || entry[1].atMs < first[1].atMs)) first = entry
    }
    return first
  }
}
