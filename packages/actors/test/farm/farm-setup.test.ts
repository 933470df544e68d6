import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { task } from '@troupe/actors/farm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import * as equipped from './fixtures/equipped.mjs'
import { collect, GROUNDS, openFarm, range } from './open-farm.js'

let folder: string
let file: string
const said = () => readFileSync(file, 'utf8').trimEnd().split('\n')
const tell = (what: string) => writeFileSync(file, `${what}\n`)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'farm-setup-'))
  file = join(folder, 'said')
  process.env.EQUIPMENT = file
  writeFileSync(file, '')
})

afterEach(() => rmSync(folder, { recursive: true }))

// Inline workers share one module, and each has the setup of its own all the same.
const ALIKE = GROUNDS.filter(([name]) => !name.includes('tcp')).map(([name, ground]) => {
  // A module that is imported once would keep to the file of the first test.
  const tasks = new URL(`./fixtures/equipped.mjs?${name.replaceAll(' ', '-')}`, import.meta.url)
  return [name, { ...ground, tasks }] as const
})
let copies = 0
const fresh = (ground: { tasks: URL }) => ({ ...ground, tasks: new URL(`${ground.tasks.href}-${++copies}`) })

describe.each(ALIKE)('the setup of a task on %s', (_name, ground) => {
  it('runs once for each worker, before it joins, and gives all tries there one resource', async () => {
    const farm = await openFarm({ ...fresh(ground), workers: 2 })
    expect(said().sort()).toEqual([
      ...['first up in worker-1', 'first up in worker-2', 'second up in worker-1', 'second up in worker-2'],
    ])
    const outputs = await collect(farm.map(equipped.first, range(40)))
    for (const worker of ['worker-1', 'worker-2']) {
      const own = outputs.filter((output) => output.startsWith(worker)).map((output) => Number(output.split(': ')[1]))
      expect(own.sort((a, b) => a - b)).toEqual([...range(own.length)].map((n) => n + 1))
    }
    expect(said().length).toBe(4)
  })

  it('gives each task its own resource, and undefined to one without', async () => {
    const farm = await openFarm({ ...fresh(ground), workers: 1 })
    expect(await farm.submit(equipped.second, 1)).toBe('worker-1')
    expect(await farm.submit(equipped.bare, 1)).toBe(true)
  })

  it('is undone by teardown, the last first, when the farm stops', async () => {
    const farm = await openFarm({ ...fresh(ground), workers: 1 })
    await farm.stop()
    expect(said().slice(2)).toEqual(['second down in worker-1', 'first down in worker-1'])
  })

  it('is undone to the end though a teardown throws', async () => {
    tell('throw in teardown')
    const farm = await openFarm({ ...fresh(ground), workers: 1 })
    await farm.stop()
    expect(said()).toContain('first down in worker-1')
    expect(await farm.exit).toEqual({ reason: 'shutdown' })
  })

  it('that throws is the error of the start, with its cause, and what was set up before it is undone', async () => {
    tell('throw in setup')
    await expect(openFarm({ ...fresh(ground), workers: 1 })).rejects.toMatchObject({
      code: 'SETUP_FAILED',
      message: 'the setup of task "second" failed: no database',
      cause: { message: 'no database' },
    })
    expect(said().slice(1)).toEqual(['first up in worker-1', 'first down in worker-1'])
  })
})

describe.each(ALIKE.filter(([name]) => !name.includes('inline')))('the setup of a task on %s', (_name, ground) => {
  it('that hangs meets the time for the start', async () => {
    tell('hang in setup')
    await expect(openFarm({ ...ground, workers: 1, startTimeoutMs: 1_500 })).rejects.toMatchObject({
      code: 'START_TIMEOUT',
    })
  })

  it('is not waited for at its teardown longer than shutdownMs', async () => {
    const farm = await openFarm({ ...ground, workers: 1, shutdownMs: 200 })
    tell('hang in teardown')
    await farm.stop()
    expect(said()).not.toContain('first down in worker-1')
  })

  it('that throws when a worker is started again counts as a death, and the farm gives up', async () => {
    const farm = await openFarm({ ...ground, workers: 1, intensity: 2 })
    tell('throw in setup')
    await expect(farm.submit(equipped.exits, 1)).rejects.toMatchObject({ code: 'RESTART_INTENSITY' })
    expect(await farm.exit).toMatchObject({ reason: 'failed', error: { cause: { code: 'SETUP_FAILED' } } })
  })

  it('is not undone in a worker that dies', async () => {
    const farm = await openFarm({ ...ground, workers: 1, onWorkerLost: 'fail' })
    await expect(farm.submit(equipped.exits, 1)).rejects.toMatchObject({ code: 'WORKER_LOST' })
    expect(await farm.submit(equipped.first, 1)).toBe('worker-1: 1')
    expect(said()).toEqual([
      ...['first up in worker-1', 'second up in worker-1', 'first up in worker-1', 'second up in worker-1'],
    ])
  })
})

describe('task', () => {
  it('knows the type of its resource from its setup', () => {
    const typed = task({
      name: 'typed',
      input: z.number(),
      output: z.string(),
      setup: async ({ worker }) => ({ worker, since: 1 }),
      teardown: ({ since }) => void since.toFixed(),
      run: (n, { resource }) => resource.worker.repeat(n) + resource.since.toFixed(),
    })
    expect(typed.name).toBe('typed')
  })

  it('refuses a setup that is no function', () => {
    const wrong = { name: 'wrong', input: z.number(), output: z.number(), setup: 1, run: (n: number) => n }
    expect(() => task(wrong as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  })
})
