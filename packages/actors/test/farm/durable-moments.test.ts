/**
 * What becomes of a durable map by the moment at which the farm's process is killed with SIGKILL.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runProgram } from './journal/journal-program.js'
import { temporaryFolder } from './journal/temporary-folder.js'

const PROGRAM = fileURLToPath(new URL('./fixtures/mortal-program.mjs', import.meta.url))
const COUNT = 10
const all = Array.from({ length: COUNT }, (_, n) => n)

interface Found {
  readonly accepted: number
  readonly done: number
  readonly taken: number
}

interface Lives {
  /** What the second life found of the first. */
  readonly found: Found
  /** How often each input was run, in both. */
  readonly runs: readonly number[]
  /** What was given in the first life, and in the second. */
  readonly given: readonly [readonly number[], readonly number[]]
}

/** Lets the program die at a moment, and lets it go on. */
async function livesOf(when: 'before' | 'after', kind: 'accepted' | 'done' | 'taken'): Promise<Lives> {
  const folder = temporaryFolder()
  const files = { journal: join(folder, 'journal'), ran: join(folder, 'ran'), given: join(folder, 'given') }
  const numbersIn = (path: string) =>
    existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').map(Number) : []
  const live = (dies: object | undefined) =>
    runProgram([JSON.stringify({ ...files, count: COUNT, dies })], undefined, [], PROGRAM)
  expect((await live({ when, kind })).signal).toBe('SIGKILL')
  const first = numbersIn(files.given)
  const { status, lines } = await live(undefined)
  expect(status).toBe(0)
  const ran = numbersIn(files.ran)
  const runs = all.map((n) => ran.filter((other) => other === n).length)
  return { found: lines[0] as Found, runs, given: [first, numbersIn(files.given).slice(first.length)] }
}

describe('the process of a farm that is killed', () => {
  it('before an acceptance is written leaves nothing of it: the input is new to the next', async () => {
    const { found, runs, given } = await livesOf('before', 'accepted')
    expect([found, given]).toEqual([{ accepted: 0, done: 0, taken: 0 }, [[], all]])
    expect(Math.max(...runs)).toBeLessThanOrEqual(2)
  })

  it('after an acceptance is written has nothing given, and its tasks run by the next', async () => {
    const { found, given } = await livesOf('after', 'accepted')
    expect([found.accepted > 0, found.taken, given]).toEqual([true, 0, [[], all]])
  })

  it('before a result is written has it given to nobody, and its task run again', async () => {
    const { found, runs, given } = await livesOf('before', 'done')
    expect([found.done, found.taken, given]).toEqual([0, 0, [[], all]])
    expect(Math.max(...runs)).toBe(2)
  })

  it('after a result is written and before it is given has it given by the next, and not run again', async () => {
    const { found, runs, given } = await livesOf('after', 'done')
    expect([found.taken, given]).toEqual([0, [[], all]])
    expect(found.done).toBeGreaterThan(0)
    expect(runs.filter((count) => count === 1).length).toBeGreaterThanOrEqual(found.done)
  })

  it('after a result is given and before that is written has it given again, and not run again', async () => {
    const { found, runs, given } = await livesOf('before', 'taken')
    expect([found.taken, given]).toEqual([0, [[0, 1, 2, 3, 4], all]])
    expect(runs.slice(0, found.done)).toEqual(Array(found.done).fill(1))
  })

  it('after a result is acknowledged has it neither given nor run again', async () => {
    const { found, runs, given } = await livesOf('after', 'taken')
    expect([found.taken, given]).toEqual([
      5,
      [
        [0, 1, 2, 3, 4],
        [5, 6, 7, 8, 9],
      ],
    ])
    expect(runs.slice(0, 5)).toEqual([1, 1, 1, 1, 1])
  })
})
