/**
 * The process of a durable map: `resume.main JOURNAL COUNT take|keep|resume`. Begun, it says when all its results were given and
 * waits to be killed; resumed, with more inputs, it says when the first new result came, and ends.
 */
import { Farm } from '@troupe/actors/farm'
import { noop } from '../contenders/troupe.tasks.js'
import { pointsTo } from '../point.js'

/** `keep` acknowledges nothing. */
export type Act = 'take' | 'keep' | 'resume'

export interface Resumed {
  /** From the call of `Farm.start` until its workers take tasks, in ms. */
  readonly startedMs: number
  /** And until the first new result. */
  readonly firstMs: number
}

/** So many inputs are new when the map is resumed. */
const MORE = 1_000

const [, , journal = '', length, act] = process.argv
const count = Number(length)
const began = performance.now()
const farm = await Farm.start({
  tasks: new URL('../contenders/troupe.tasks.js', import.meta.url),
  ...{ workers: 2, journal },
})
const startedMs = performance.now() - began

if (act === 'resume') await resume()
else await begin()

async function begin(): Promise<void> {
  const results = farm.map(noop, pointsTo(count), { acknowledge: act === 'keep' ? 'manual' : 'auto' })
  for await (const _ of results);
  process.send?.('given')
}

async function resume(): Promise<void> {
  const results = farm.map(noop, pointsTo(count + MORE))
  let firstMs: number | undefined
  let given = 0
  for await (const _ of results) {
    firstMs ??= performance.now() - began
    given++
  }
  if (given !== MORE) throw new Error(`${given} results were given again`)
  process.send?.({ startedMs, firstMs: firstMs! } satisfies Resumed)
  await farm.stop()
  process.disconnect()
}
