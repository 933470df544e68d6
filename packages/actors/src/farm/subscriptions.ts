/**
 * Those who are told from time to time how it goes. Without any there is no timer.
 */
import { callListener } from '../actor/call-listener.js'

export interface SubscriptionTerms<Snapshot> {
  snapshot(): Snapshot
  /** A listener threw, or a promise that it returned was rejected. */
  failed(error: unknown): void
}

export class Subscriptions<Snapshot> {
  readonly #terms: SubscriptionTerms<Snapshot>
  readonly #ends = new Set<() => void>()
  #hasEnded = false

  constructor(terms: SubscriptionTerms<Snapshot>) {
    this.#terms = terms
  }

  /** Tells a listener every `everyMs`, and the last time at the end; returns what ends that. */
  add(listener: (snapshot: Snapshot) => void, everyMs: number): () => void {
    const tell = () => this.#tell(listener)
    if (this.#hasEnded) {
      const last = setImmediate(tell)
      return () => clearImmediate(last)
    }
    const timer = setInterval(tell, everyMs)
    const end = () => {
      clearInterval(timer)
      tell()
    }
    this.#ends.add(end)
    return () => {
      clearInterval(timer)
      this.#ends.delete(end)
    }
  }

  /** It has ended: all are told the last snapshot. */
  end(): void {
    this.#hasEnded = true
    // One that is taken back by another listener is not told.
    for (const end of this.#ends) {
      this.#ends.delete(end)
      end()
    }
  }

  #tell(listener: (snapshot: Snapshot) => void): void {
    callListener(() => listener(this.#terms.snapshot()), this.#terms.failed)
  }
}
