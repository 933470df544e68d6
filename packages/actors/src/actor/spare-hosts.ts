/**
 * Blank processes for actors, started before they are needed: an actor that gets one need not wait for Node.
 */
import type { ChildProcess } from 'node:child_process'
import type { HostShape } from './place.js'
import { forkHost } from './process-actor.js'
import type { ToHost } from './words.js'

/** How long after one was taken the next is started, in ms: who has taken it needs the processor first. */
const REFILL_AFTER_MS = 100
/** A spare that ends this soon would only be started again and again, in ms. */
const TOO_SOON_MS = 1_000

export class SpareHosts {
  readonly #count: number
  readonly #spares = new Set<ChildProcess>()
  #shape: HostShape | undefined
  #timer: NodeJS.Timeout | undefined
  #use: 'open' | 'closed' = 'open'

  constructor(count: number) {
    this.#count = count
  }

  /** One with these flags and environment, if there is one. From then on spares are kept for the like of it. */
  take(shape: HostShape): ChildProcess | undefined {
    if (this.#count === 0 || this.#use === 'closed') return undefined
    if (JSON.stringify(shape) !== JSON.stringify(this.#shape)) {
      this.#shape = shape
      void this.#end()
    }
    const spare = [...this.#spares].find(({ connected }) => connected)
    if (spare !== undefined) this.#release(spare)
    this.#refill(spare === undefined ? 0 : REFILL_AFTER_MS)
    return spare
  }

  /** Ends the spares, and resolves when they are gone; there will be no other. */
  async close(): Promise<void> {
    this.#use = 'closed'
    clearTimeout(this.#timer)
    await this.#end()
  }

  #refill(afterMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      while (this.#spares.size < this.#count && this.#use === 'open') this.#start(this.#shape!)
    }, afterMs)
    this.#timer.unref()
  }

  #start(shape: HostShape): void {
    const spare = forkHost(shape)
    const startedAtMs = performance.now()
    this.#spares.add(spare)
    // One that cannot be started has no exit.
    spare.once('error', () => this.#spares.delete(spare))
    spare.once('exit', () => {
      if (!this.#spares.delete(spare)) return
      if (performance.now() - startedAtMs > TOO_SOON_MS) this.#refill(REFILL_AFTER_MS)
    })
    spare.send({ type: 'warm' } satisfies ToHost, () => undefined)
    // A program that has nothing else to do may end: its spares notice.
    spare.unref()
    spare.channel?.unref()
  }

  #release(spare: ChildProcess): void {
    this.#spares.delete(spare)
    spare.removeAllListeners()
    spare.ref()
    spare.channel?.ref()
  }

  async #end(): Promise<void> {
    const spares = [...this.#spares]
    this.#spares.clear()
    const gone = spares.map((spare) => new Promise((resolve) => spare.once('exit', resolve)))
    for (const spare of spares) {
      spare.ref()
      spare.kill('SIGKILL')
    }
    await Promise.all(gone)
  }
}
