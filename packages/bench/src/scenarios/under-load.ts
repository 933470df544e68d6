/**
 * A farm that is kept busy, with a witness of what runs for the second time.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Farm, WorkerStats } from '@troupe/actors/farm'
import { IN_FLIGHT } from '../contender.js'
import { witness } from '../contenders/troupe.tasks.js'
import { pointOf } from '../point.js'

const POLL_MS = 1

export const TASK_FILE = new URL('../contenders/troupe.tasks.js', import.meta.url)

export interface Load extends AsyncDisposable {
  /** When each task began that ran for the second time. */
  readonly again: number[]
}

/** Keeps a farm busy until it is disposed of. */
export function feed(farm: Farm): Load {
  const again: number[] = []
  let fed = true
  const caller = async () => {
    for (let id = 0; fed; id++) {
      const { x: began, y: attempt } = await farm.submit(witness, pointOf(id))
      if (attempt > 1) again.push(began)
    }
  }
  const callers = Promise.all(Array.from({ length: IN_FLIGHT }, caller))
  return {
    again,
    async [Symbol.asyncDispose]() {
      fed = false
      await callers
    },
  }
}

export const isBusy = ({ held, done }: WorkerStats): boolean => held > 1 && done > 100

export async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await delay(POLL_MS)
}

export const nowMs = (): number => performance.timeOrigin + performance.now()

export async function repeat<T>(times: number, act: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  while (results.length < times) results.push(await act())
  return results
}
