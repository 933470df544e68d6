/**
 * What can be seen at an endpoint: a farm that was started with `inspect`, or else a service.
 */
import { setTimeout } from 'node:timers/promises'
import { type FarmSnapshot, farmInspection } from '@troupe/actors/inspect'
import { connect, describe, everyServer, type Health } from '@troupe/actors/rpc'
import { TroupeError } from '@troupe/core'
import type { Secured } from './security.options.js'

/** What was seen at one time. */
export type Snapshot = { readonly endpoint: string; readonly time: string } & (
  | ({ readonly kind: 'farm' } & FarmSnapshot)
  | ({
      readonly kind: 'service'
      /** Calls that have ended, each second, since the snapshot before. */
      readonly callsPerSecond?: number
      readonly procedures: readonly string[]
    } & Health)
)

export interface Sight {
  /** What it is, for people. */
  readonly what: string
  /** What is seen, until it has ended. Throws when it does not answer any more. */
  snapshots(): AsyncIterable<Snapshot>
  close(): Promise<void>
}

export interface SightTerms extends Secured {
  readonly everyMs: number
  /** How long an answer may take. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Asks who is there. @throws {TroupeError} `INVALID_ENDPOINT`, `UNAVAILABLE` */
export async function openSight(endpoint: string, terms: SightTerms): Promise<Sight> {
  const { timeoutMs, signal, security } = terms
  const { service, procedures } = await describe(endpoint, { timeoutMs, signal, security }).catch((cause: unknown) => {
    const { code } = cause as { code?: unknown }
    if (code !== 'UNAVAILABLE' && code !== 'TIMEOUT') throw cause
    const message = `at ${endpoint} answers neither a service nor a farm that was started with \`inspect\``
    throw new TroupeError('UNAVAILABLE', message, { cause })
  })
  if (service === farmInspection.name) return farmSight(endpoint, terms)
  return serviceSight(endpoint, { name: service, procedures: Object.keys(procedures) }, terms)
}

function farmSight(endpoint: string, { everyMs, signal, security }: SightTerms): Sight {
  const client = connect(farmInspection, { endpoints: [endpoint], retries: 0, window: 1, security })
  return {
    what: `the farm at ${endpoint}`,
    async *snapshots() {
      for await (const snapshot of untilAborted(client.watch({ everyMs }, { signal }), signal)) {
        yield { kind: 'farm', endpoint, time: new Date().toISOString(), ...snapshot }
      }
    },
    close: () => client.close(),
  }
}

interface About {
  readonly name: string
  readonly procedures: readonly string[]
}

function serviceSight(
  endpoint: string,
  { name, procedures }: About,
  { everyMs, timeoutMs, signal, security }: SightTerms,
): Sight {
  const client = connect(everyServer, { endpoints: [endpoint], timeoutMs, retries: 0, security })
  async function* snapshots(): AsyncGenerator<Snapshot> {
    let before: { readonly ended: number; readonly atMs: number } | undefined
    for (;;) {
      const health = await client.$health(undefined, { signal })
      const now = { ended: endedOf(health), atMs: performance.now() }
      const rate = before && { callsPerSecond: ((now.ended - before.ended) * 1_000) / (now.atMs - before.atMs) }
      before = now
      yield { kind: 'service', endpoint, time: new Date().toISOString(), ...health, procedures, ...rate }
      await setTimeout(everyMs, undefined, { signal })
    }
  }
  return {
    what: `service ${name} at ${endpoint}`,
    snapshots: () => untilAborted(snapshots(), signal),
    close: () => client.close(),
  }
}

const endedOf = ({ done = 0, failed = 0, cancelled = 0 }: Health): number => done + failed + cancelled

/** What a source gives; ends when the signal aborts, whatever the source throws then. */
async function* untilAborted<Value>(source: AsyncIterable<Value>, signal: AbortSignal): AsyncGenerator<Value> {
  try {
    yield* source
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
