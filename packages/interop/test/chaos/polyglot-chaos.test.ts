import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pythonWith, required } from '@troupe/testing/python-with'
import { expect, it, onTestFinished } from 'vitest'
import { CProgram, missing } from '../c-worker.js'
import { polyglotChaos } from './polyglot-chaos.js'

const COUNT = 3_000
/** Everything once. */
const DEEDS = 25

const python = pythonWith('zmq', 'msgpack')
const without = [python === undefined ? 'Python' : '', missing === undefined ? '' : 'C'].filter((name) => name !== '')
const named =
  without.length === 0 ? 'in Node, Python and C' : `in Node, without ${without.join(' and ')}, missing here,`

// `npm run chaos polyglot` is the long run.
it(`a farm killed with -9 has each result once though its workers ${named} die, stand still and lose their network`, async () => {
  expect(required ? without : []).toEqual([])
  const folder = mkdtempSync(join(tmpdir(), 'troupe-chaos-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  using program = missing === undefined ? new CProgram() : undefined
  const { count, befell, suffered, wrong } = await polyglotChaos({
    ...{ count: COUNT, seed: 1, deeds: DEEDS, folder, python, c: program?.path },
  })
  expect(wrong).toEqual([])
  expect(count).toBeGreaterThanOrEqual(COUNT)
  expect(Object.keys(befell).length).toBe(DEEDS)
  expect(suffered).toMatchObject({ farm: 2, Node: expect.any(Number) })
  for (const name of ['Python', 'C'].filter((one) => !without.includes(one))) expect(suffered[name]).toBeGreaterThan(0)
}, 120_000)
