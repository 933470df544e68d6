/**
 * The same work in one process and in the farm, on a sample: do they agree, and which is faster?
 */
import { isDeepStrictEqual } from 'node:util'
import type { Farm } from '@troupe/actors/farm'
import type { SampleRun } from './report.js'
import { examine, examineFile, type FileFacts } from './tasks.js'

const SAMPLE_FILES = 200

/** Every n-th of the inputs, so that about 200 are left, from all over. */
export async function chooseSample(inputs: AsyncIterable<{ path: string }>, total: number): Promise<Set<string>> {
  const every = Math.max(1, Math.floor(total / SAMPLE_FILES))
  const chosen = new Set<string>()
  let index = 0
  for await (const { path } of inputs) if (index++ % every === 0) chosen.add(path)
  return chosen
}

/** Does the sample again in this process, then in the farm, and compares the first with what the farm wrote before. */
export async function compareSample(farm: Farm, written: ReadonlyMap<string, FileFacts>): Promise<SampleRun> {
  const paths = [...written.keys()]
  // Once for nothing: the workers have run this code thousands of times, and here it is still to be compiled.
  for (const path of paths) await examineFile(path).catch(() => undefined)

  const different: string[] = []
  const sequentialSeconds = await secondsOf(async () => {
    for (const path of paths) {
      const facts = await examineFile(path).catch(() => undefined)
      if (!isDeepStrictEqual(facts, written.get(path))) different.push(path)
    }
  })
  const farmSeconds = await secondsOf(async () => {
    for await (const _ of farm.mapUnordered(
      examine,
      paths.map((path) => ({ path })),
    )) {
      // Only the time is wanted.
    }
  })
  return { files: paths.length, different, sequentialSeconds, farmSeconds }
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return (performance.now() - startedMs) / 1000
}
