import { expect, it } from 'vitest'
import { noticesOf, Stage } from './staged-supervisor.js'

const backoff = { minMs: 100, maxMs: 450, factor: 2 }
const delays = (told: readonly string[]) =>
  told.filter((line) => line.includes('restarting')).map((line) => Number(line.split(' ').at(-1)))

it('restarts are at once without a backoff', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a')])
  const told = noticesOf(supervisor)
  await stage.end('a')
  expect([delays(told), stage.clock.now(), stage.incarnations('a').length]).toEqual([[0], 0, 2])
})

it('a restart comes when the delay is over, not before', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a')], { backoff })
  await stage.end('a')
  await stage.advance(99)
  expect(supervisor.children()).toEqual([{ id: 'a', phase: 'waiting', restarts: 1, child: undefined }])
  await stage.advance(1)
  expect(supervisor.children()).toMatchObject([{ phase: 'running', restarts: 1 }])
})

it('the delay grows with restarts in a row, up to its bound', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a')], { backoff, intensity: 9 })
  const told = noticesOf(supervisor)
  for (let n = 0; n < 4; n++) {
    await stage.end('a')
    await stage.advance(450)
  }
  expect(delays(told)).toEqual([100, 200, 400, 450])
})

it('the delay grows with restarts that fail', async () => {
  const stage = new Stage()
  const start = async ({ restarts }: { restarts: number }) => {
    if (restarts === 1) throw new Error('no port')
  }
  const supervisor = await stage.open([stage.spec('a', {}, { start })], { backoff, intensity: 9 })
  const told = noticesOf(supervisor)
  await stage.end('a')
  await stage.advance(100)
  expect(delays(told)).toEqual([100, 200])
  await stage.advance(200)
  expect(supervisor.children()).toMatchObject([{ phase: 'running', restarts: 2 }])
})

it('the delay begins anew when the child has run for longer than the period, not when just as long', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a')], { backoff, intensity: 9, periodMs: 1_000 })
  const told = noticesOf(supervisor)
  for (const ranMs of [0, 1_000, 1_001]) {
    await stage.advance(ranMs)
    await stage.end('a')
    await stage.advance(delays(told).at(-1)!)
  }
  expect(delays(told)).toEqual([100, 200, 100])
})

it('the time of the wait is no time of running', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a')], { backoff: { minMs: 5_000 }, intensity: 9, periodMs: 1_000 })
  const told = noticesOf(supervisor)
  await stage.end('a')
  await stage.advance(5_000)
  await stage.end('a')
  expect(delays(told)).toEqual([5_000, 10_000])
})

it("a child's own backoff goes before the supervisor's", async () => {
  const stage = new Stage()
  const children = [stage.spec('a', { backoff: { minMs: 7 } }), stage.spec('b')]
  const supervisor = await stage.open(children, { backoff, intensity: 9 })
  const told = noticesOf(supervisor)
  await stage.end('a')
  await stage.end('b')
  expect(delays(told)).toEqual([7, 100])
})

it('the jitter takes a random share off the delay', async () => {
  const stage = new Stage()
  const numbers = [0, 0.5, 1]
  const options = { backoff: { minMs: 100, factor: 1, jitter: 0.4 }, intensity: 9, random: () => numbers.shift()! }
  const supervisor = await stage.open([stage.spec('a')], options)
  const told = noticesOf(supervisor)
  for (let n = 0; n < 3; n++) {
    await stage.end('a')
    await stage.advance(100)
  }
  expect(delays(told)).toEqual([100, 80, 60])
})
