/**
 * Where a farm tells its stats to who asks: a service of RPC. Loaded only for a farm that is looked at.
 */
import { setTimeout } from 'node:timers/promises'
import { assertSafeEndpoint, type CurveSecurity, type Logger, parseEndpoints } from '@troupe/core'
import { type FarmSnapshot, farmInspection } from '../inspect/farm-inspection.js'
import { type Service, serve } from '../rpc/server/service.js'
import type { FarmStats } from './farm-stats.js'

/** How long the end of a farm waits for those who are told its last stats, in ms. */
const LAST_WORDS_MS = 500

export interface InspectionTerms {
  readonly endpoint: string
  readonly insecure: boolean
  readonly security: CurveSecurity | undefined
  readonly log: Logger
  stats(): FarmStats
}

export class Inspection {
  readonly #terms: InspectionTerms
  readonly #end = new AbortController()
  #service: Service | undefined
  #last: Pick<FarmStats, 'state'> | undefined

  constructor(terms: InspectionTerms) {
    this.#terms = terms
  }

  /** Where it listens. */
  get endpoint(): string | undefined {
    return this.#service?.endpoint
  }

  /** @throws {TroupeError} `INVALID_ENDPOINT`, `INSECURE_ENDPOINT`, `ENDPOINT_IN_USE`, `ENDPOINT_UNAVAILABLE` */
  async open(): Promise<void> {
    const { endpoint, insecure, security, log } = this.#terms
    const isSafe = insecure || security !== undefined
    assertSafeEndpoint(parseEndpoints(endpoint, 'bind'), 'the inspect endpoint of a farm', isSafe)
    const handlers = {
      stats: () => this.#snapshot(),
      watch: ({ everyMs }: { everyMs: number }, { signal }: { signal: AbortSignal }) => this.#watch(everyMs, signal),
    }
    const options = { endpoint, insecure, security, log, drainMs: LAST_WORDS_MS }
    this.#service = await serve(farmInspection, handlers, options)
  }

  /** Tells the last stats, which say how the farm ends, and closes. */
  async close(state: 'stopped' | 'failed'): Promise<void> {
    this.#last = { state }
    this.#end.abort()
    await this.#service?.stop()
  }

  async *#watch(everyMs: number, signal: AbortSignal): AsyncGenerator<FarmSnapshot> {
    const over = AbortSignal.any([signal, this.#end.signal])
    while (!over.aborted) {
      yield this.#snapshot()
      await setTimeout(everyMs, undefined, { signal: over }).catch(() => undefined)
    }
    if (!signal.aborted) yield this.#snapshot()
  }

  /** As plain data, in which what is undefined is left out. */
  #snapshot(): FarmSnapshot {
    const stats = { ...this.#terms.stats(), ...this.#last } satisfies FarmSnapshot
    return JSON.parse(JSON.stringify(stats))
  }
}
