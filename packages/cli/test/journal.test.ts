import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LevelJournal } from '@troupe/actors/farm'
import { describe, expect, it } from 'vitest'
import { folder, linesOf, recordsOf, troupe } from './troupe.js'

const RUN = { name: 'digests', task: 'digest', version: '1', schema: 'f00d' }
const body = new Uint8Array(10)

/** A journal with two runs; gives where it is. */
async function journal(): Promise<string> {
  const path = join(folder(), 'digests.journal')
  await using made = new LevelJournal({ path })
  await made.claim()
  await made.open(RUN)
  await made.open({ name: 'with\na line', task: 'other', schema: 'beef' })
  await made.append(RUN.name, [
    { kind: 'accepted', first: 0, count: 10, hash: 'x', body },
    { kind: 'done', indexes: [[0, 6]], body },
    { kind: 'done', indexes: [[5, 2]], body },
    { kind: 'failed', index: 7, body },
    { kind: 'taken', indexes: [[0, 3]], note: 'row 3' },
    { kind: 'taken', indexes: [[3, 1]] },
  ])
  return path
}

describe('troupe journal show', () => {
  it('writes what the journal holds', async () => {
    const path = await journal()
    const { status, stdout, stderr } = await troupe(['journal', 'show', path])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(linesOf(stdout)).toEqual([
      expect.stringMatching(/digests\.journal: 2 runs, \d+ bytes$/),
      '"digests": task "digest", version "1"',
      '  accepted 10, done 7, failed 1, taken 4',
      '  last note "row 3"',
      '"with\\na line": task "other"',
      '  accepted 0, done 0, failed 0, taken 0',
    ])
  })

  it('writes it as JSON', async () => {
    const path = await journal()
    const { status, stdout } = await troupe(['journal', 'show', path, '--json'])
    expect(status).toBe(0)
    expect(recordsOf(stdout)).toEqual([
      {
        path,
        bytes: expect.any(Number),
        runs: [
          { ...RUN, accepted: 10, done: 7, failed: 1, taken: 4, note: 'row 3' },
          { name: 'with\na line', task: 'other', schema: 'beef', accepted: 0, done: 0, failed: 0, taken: 0 },
        ],
      },
    ])
  })

  it('ends with 1 when the journal is damaged, and says what is lost', async () => {
    const path = await journal()
    const store = join(path, 'store')
    for (const name of readdirSync(store).filter((each) => each.endsWith('.log'))) rmSync(join(store, name))
    const { status, stdout } = await troupe(['journal', 'show', path])
    expect(status).toBe(1)
    expect(stdout).toContain('damaged: 6 entries lost, ')
  })

  it('ends with 2 while a farm uses the journal, and says which process', async () => {
    const path = await journal()
    await using held = new LevelJournal({ path })
    await held.claim()
    const { status, stdout, stderr } = await troupe(['journal', 'show', path])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(new RegExp(`is in use by process ${process.pid} on .*\\(JOURNAL_IN_USE\\)\\n$`))
  })

  it('ends with 2 where there is no journal, and makes none', async () => {
    const path = folder()
    writeFileSync(join(path, 'file'), '')
    for (const [at, why] of [
      [join(path, 'missing'), 'there is none'],
      [join(path, 'file'), 'there is a file, and a journal is a folder'],
      [path, 'it is no journal'],
    ] as const) {
      const { status, stdout, stderr } = await troupe(['journal', 'show', at])
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(stderr).toContain(`${at} cannot be read: ${why}`)
      expect(stderr).toContain('(JOURNAL_UNREADABLE)')
    }
    expect(readdirSync(path)).toEqual(['file'])
  })

  it('refuses what is no option or no command of its own', async () => {
    for (const args of [['show', 'x', '--all'], ['show'], ['hide', 'x']]) {
      const { status, stderr } = await troupe(['journal', ...args])
      expect(status).toBe(2)
      expect(stderr).toContain('(INVALID_OPTIONS)')
    }
  })
})
