/**
 * Farms that are stopped while they start: what was being opened is closed again.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Farm, MemoryJournal } from '@troupe/actors/farm'
import { freePort } from '@troupe/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from './journal/temporary-folder.js'
import { TASKS } from './open-farm.js'

const PROGRAM = fileURLToPath(new URL('./fixtures/aborted-start.mjs', import.meta.url))

describe.each(['process', 'thread'])('a farm of a %s that is aborted while it starts', (isolation) => {
  it.each([
    ['its journal', true, false],
    ['its inspection', false, true],
    ['both', true, true],
  ])('leaves nothing of %s, and its program ends by itself', async (_, hasJournal, isInspected) => {
    const args = [PROGRAM, isolation, hasJournal ? temporaryFolder() : '', isInspected ? String(await freePort()) : '']
    const program = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void program.kill('SIGKILL'))
    const [told, [exitCode]] = await Promise.all([text(program.stdout), once(program, 'exit')])
    const lines = told.trim().split('\n')
    expect(lines.filter((line) => !/^\w+: (ABORTED|shutdown), then free$/.test(line))).toEqual([])
    expect([exitCode, lines.length]).toEqual([0, hasJournal ? 4 : 3])
  })
})

it('a farm that is stopped while its journal is claimed gives it back, and opens nothing more', async () => {
  const aborter = new AbortController()
  const steps: string[] = []
  class SlowJournal extends MemoryJournal {
    override async claim() {
      aborter.abort()
      await new Promise((resolve) => setImmediate(resolve))
      steps.push('claimed')
      return super.claim()
    }
    override async close() {
      await super.close()
      steps.push('closed')
    }
  }
  const options = { tasks: TASKS, workers: 1, isolation: 'inline', inspect: 'nowhere' } as const
  const starting = Farm.start({ ...options, journal: new SlowJournal(), signal: aborter.signal })
  await expect(starting).rejects.toMatchObject({ code: 'ABORTED' })
  expect(steps).toEqual(['claimed', 'closed'])
})
