/**
 * The groups of a farm's workers, whichever way they were written.
 */
import type { CheckedFarmOptions } from './farm.options.js'

/** Workers that are alike. There are from `min` to `max` of them. */
export interface WorkerGroup {
  readonly min: number
  readonly max: number
  /** One beyond `min` that had nothing to do for so long is stopped, in ms. */
  readonly idleMs: number
  /** What they have that tasks may ask for. */
  readonly tags: readonly string[]
  readonly isolation: CheckedFarmOptions['isolation']
  readonly env: Readonly<Record<string, string>>
}

const IDLE_MS = 30_000

/** A group as it may be written. */
interface GivenGroup extends Partial<WorkerGroup> {
  readonly count?: number
}

export function groupsOf({ workers, isolation, env }: CheckedFarmOptions): WorkerGroup[] {
  const given = typeof workers === 'number' ? [{ count: workers }] : Array.isArray(workers) ? workers : [workers]
  return (given as GivenGroup[]).map(
    ({ count = 0, min = count, max = count, idleMs = IDLE_MS, tags = [], ...own }) => ({
      ...{ min, max, idleMs, tags: [...new Set(tags)] },
      isolation: own.isolation ?? isolation,
      env: { ...env, ...own.env },
    }),
  )
}

/** Whether a worker with such tags has all that is asked for. */
export const hasAll = ({ tags }: { readonly tags: readonly string[] }, asked: readonly string[]): boolean =>
  asked.every((tag) => tags.includes(tag))
