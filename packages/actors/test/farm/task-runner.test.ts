import { task } from '@troupe/actors/farm'
import { resolveLog } from '@troupe/core'
import { expect, it } from 'vitest'
import { z } from 'zod'
import type { Task } from '../../dist/farm/task.js'
import { TaskRunner } from '../../dist/farm/task-runner.js'
import type { ResultsBody } from '../../dist/farm/wire.js'

/** A runner with a task that computes for 2 ms and returns no promise, and all that it has answered. */
function computing() {
  const ran: number[] = []
  const compute = task({
    name: 'compute',
    input: z.number(),
    output: z.number(),
    run: (input) => {
      for (const start = performance.now(); performance.now() - start < 2; );
      ran.push(input)
      return input
    },
  })
  const answers: ResultsBody[] = []
  const runner = new TaskRunner({
    tasks: new Map([[compute.name, { ...(compute as Task), resource: undefined }]]),
    concurrency: 1,
    graceMs: 1_000,
    log: resolveLog(),
    send: (results) => answers.push(results),
    update: () => [],
  })
  const accept = (count: number, firstTicket = 1) => {
    const inputs = Array.from({ length: count }, (_, index) => firstTicket + index)
    runner.accept({ firstTicket, groups: [{ name: compute.name, timeoutMs: 0, attempts: null, inputs }] })
  }
  const outputs = () => answers.flatMap((answer) => answer.outputs.flatMap(([, values]) => values))
  const failures = () => answers.flatMap((answer) => answer.failures)
  const answered = () => outputs().length + failures().length
  return { runner, ran, answers, accept, outputs, failures, answered }
}

it('tasks that return no promise leave the event loop turns between them, and their results go out meanwhile', async () => {
  const { accept, answers, answered, outputs } = computing()
  let turns = 0
  const turn = () => {
    turns++
    if (answered() < 50) setImmediate(turn)
  }
  setImmediate(turn)
  accept(50)
  // They did not all run at once.
  expect(answered()).toBeLessThan(50)
  await expect.poll(answered, { interval: 1 }).toBe(50)
  expect(outputs()).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
  // 100 ms of work, answered every 18 ms.
  expect(answers.length).toBeGreaterThan(4)
  expect(turns).toBeGreaterThan(4)
})

it('a cancellation that comes while such tasks run reaches those behind them', async () => {
  const { runner, accept, ran, answered, failures } = computing()
  setImmediate(() => runner.cancel([49, 50], new Error('not wanted any more')))
  accept(50)
  await expect.poll(answered, { interval: 1 }).toBe(50)
  expect(failures()).toEqual([
    [49, { kind: 'cancelled' }],
    [50, { kind: 'cancelled' }],
  ])
  expect(ran).not.toContain(49)
  expect(ran).not.toContain(50)
})

it('a stop that comes while such tasks run starts no more of them, and sends what there is', async () => {
  const { runner, accept, ran, outputs } = computing()
  const stopped = new Promise<void>((resolve, reject) => {
    setImmediate(() => runner.stop(new Error('told to stop')).then(resolve, reject))
  })
  accept(50)
  await stopped
  const before = ran.length
  expect(before).toBeLessThan(50)
  expect(outputs()).toEqual(ran)
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  expect(ran.length).toBe(before)
})

it('frames that come while such tasks run are run behind them, in order', async () => {
  const { accept, ran, answered } = computing()
  setImmediate(() => accept(10, 31))
  accept(30)
  await expect.poll(answered, { interval: 1 }).toBe(40)
  expect(ran).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
})

it('the time of each long task is told, and of short ones a sample that stands for all', async () => {
  const told = async (run: () => unknown, count: number) => {
    const answers: ResultsBody[] = []
    const one = { ...(task({ name: 'one', input: z.number(), output: z.unknown(), run }) as Task), resource: undefined }
    const runner = new TaskRunner({
      ...{ tasks: new Map([['one', one]]), concurrency: 1, graceMs: 1_000, log: resolveLog(), update: () => [] },
      send: (results) => answers.push(results),
    })
    const answered = () =>
      answers.reduce((sum, { outputs }) => sum + outputs.reduce((n, [, all]) => n + all.length, 0), 0)
    // The first frame tells what they cost, and the second goes by it.
    for (const firstTicket of [1, 1 + count]) {
      const inputs = Array.from({ length: count }, () => 0)
      runner.accept({ firstTicket, groups: [{ name: 'one', timeoutMs: 0, attempts: null, inputs }] })
      await expect.poll(answered, { interval: 1 }).toBe(firstTicket + count - 1)
    }
    return answers.flatMap(({ runMs = [] }) => runMs)
  }
  const long = await told(() => new Promise((resolve) => setTimeout(resolve, 3)), 5)
  expect(long.map(([weight]) => weight)).toEqual(long.map(() => 1))
  const times = long.flatMap(([, all]) => all)
  expect(times.length).toBe(10)
  expect(Math.min(...times)).toBeGreaterThan(1.5)
  const short = await told(() => undefined, 640)
  const standingFor = (which: number) => short.filter(([weight]) => weight === which).flatMap(([, all]) => all).length
  expect([standingFor(1), standingFor(32)]).toEqual([640, 20])
})

it('the time of a task that throws, and of one that goes on after its limit, is told too', async () => {
  const answers: ResultsBody[] = []
  const fails = task({
    name: 'fails',
    input: z.boolean(),
    output: z.unknown(),
    run: async (stuck) => {
      if (stuck) await new Promise((resolve) => setTimeout(resolve, 200))
      throw new Error('it went wrong')
    },
  })
  const runner = new TaskRunner({
    tasks: new Map([[fails.name, { ...(fails as unknown as Task), resource: undefined }]]),
    ...{ concurrency: 2, graceMs: 20, log: resolveLog(), update: () => [], send: (results) => answers.push(results) },
  })
  runner.accept({
    firstTicket: 1,
    groups: [{ name: 'fails', timeoutMs: 20, attempts: null, inputs: [false, true] }],
  })
  await runner.stop(new Error('the end'))
  const times = answers.flatMap(({ runMs = [] }) => runMs.flatMap(([, all]) => all))
  expect(times.length).toBe(2)
  expect(Math.max(...times)).toBeLessThan(200)
  expect(Math.max(...times)).toBeGreaterThan(30)
})
