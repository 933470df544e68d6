/**
 * piscina when its user packs tasks by hand: one message for a hundred tasks.
 */
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import type { Contender } from '../contender.js'
import { Point, pointsTo, Tally } from '../point.js'

const PACK = 100
/** Packs in flight, so that no worker waits for the next one. */
const PACKS_PER_WORKER = 4

export const piscinaPacked = packed('piscina, 100 packed by hand', true)
export const piscinaPackedUnchecked = packed('piscina, 100 packed by hand, unchecked', false)

function packed(name: string, checks: boolean): Contender {
  return {
    name,
    abilities: {
      validates: checks ? 'both ends, by its user' : 'nothing',
      map: 'packs as they come',
      deadWorker: 'its pack is rejected, as it is when one task fails; kill -9 takes all threads and the program',
    },
    async start({ task, workers }) {
      const filename = fileURLToPath(new URL('./thread-worker.js', import.meta.url))
      const pool = new Piscina({
        ...{ filename, name: checks ? 'checkedAll' : 'uncheckedAll', workerData: task },
        ...{ minThreads: workers, maxThreads: workers, maxQueue: Number.POSITIVE_INFINITY },
      })
      const runPack = async (pack: Point[]): Promise<Point[]> => {
        if (!checks) return (await pool.run(pack)) as Point[]
        const outputs = (await pool.run(pack.map((input) => Point.parse(input)))) as unknown[]
        return outputs.map((output) => Point.parse(output))
      }
      return { map: (count) => mapPacks(count, workers * PACKS_PER_WORKER, runPack), stop: () => pool.destroy() }
    },
  }
}

async function mapPacks(count: number, callers: number, runPack: (pack: Point[]) => Promise<Point[]>): Promise<Tally> {
  const tally = new Tally()
  const inputs = pointsTo(count)
  const caller = async () => {
    for (let pack = nextPack(inputs); pack.length > 0; pack = nextPack(inputs)) {
      for (const output of await runPack(pack)) tally.take(output)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return tally
}

function nextPack(inputs: Iterator<Point>): Point[] {
  const pack: Point[] = []
  while (pack.length < PACK) {
    const next = inputs.next()
    if (next.done) break
    pack.push(next.value)
  }
  return pack
}
