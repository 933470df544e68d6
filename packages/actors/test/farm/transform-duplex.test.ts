/**
 * The stream of Node around a map whose results come, and are taken, some microtasks sooner or later.
 */
import { seeded } from '@troupe/testing/seeded'
import { expect, it } from 'vitest'
import { TransformDuplex } from '../../dist/farm/streams/transform-duplex.js'

const COUNT = 2_000

it.each(Array.from({ length: 8 }, (_, seed) => seed))(
  'gives all results whenever it is asked for them (seed %i)',
  async (seed) => {
    const random = seeded(seed)
    const [most, mostRead] = [random.pick([1, 3, 8]), random.pick([1, 4, 20])]
    const wait = async (microtasks: number) => {
      for (let n = random.whole(0, microtasks); n > 0; n--) await Promise.resolve()
    }
    let given = 0
    const results = {
      async next() {
        await wait(most)
        return given < COUNT ? { done: false as const, value: ++given } : { done: true as const, value: undefined }
      },
      return: async () => ({ done: true as const, value: undefined }),
    }
    const duplex = new TransformDuplex(() => results as never, undefined)
    duplex.end()
    let read = 0
    for await (const value of duplex) {
      expect(value).toBe(++read)
      await wait(mostRead)
    }
    expect(read).toBe(COUNT)
  },
  20_000,
)
