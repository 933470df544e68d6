import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type JournalEntry, LevelJournal } from '@troupe/actors/farm'
import { describe, expect, it } from 'vitest'
import { accepted, bytes, contentsOf, opened, RUN } from './journal-conformance.js'
import { PROGRAM, runProgram } from './journal-program.js'
import { noSmallDisk } from './small-disk.js'
import { temporaryFolder } from './temporary-folder.js'

const sizeOf = (path: string): number =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(path, name)))
    .reduce((sum, found) => sum + (found.isFile() ? found.size : 0), 0)

describe('a kill -9', () => {
  it.each([1, 40, 300])('after %i appends takes nothing that had resolved', async (count) => {
    const path = temporaryFolder()
    const { signal, lines } = await runProgram(['append', path], (line, child) => {
      if (line === count) child.kill('SIGKILL')
    })
    expect(signal).toBe('SIGKILL')
    const journal = new LevelJournal({ path })
    expect(await journal.claim()).toEqual({ isNew: false })
    await journal.open(RUN)
    const contents = await contentsOf(journal)
    expect(contents.length).toBeGreaterThanOrEqual(lines.length)
    expect(contents).toEqual(
      contents.map((_, index) => {
        const body = Buffer.alloc(2_000, `${index} `).toString()
        return { kind: 'done', indexes: [[index, 1]], place: index, body }
      }),
    )
    await journal.close()
  })

  it.each([0, 1, 3, 8, 20, 50])('%i ms into a compaction leaves it done or not begun', async (ms) => {
    const path = temporaryFolder()
    const journal = await opened(new LevelJournal({ path }))
    const body = new Uint8Array(20_000)
    for (let index = 0; index < 400; index++) {
      await journal.append(RUN.name, [
        { kind: 'accepted', first: index, count: 1, hash: `${index}`, body },
        { kind: 'done', indexes: [[index, 1]], body },
      ])
      if (index < 300) await journal.acknowledge(RUN.name, [[index, 1]], `${index}`)
    }
    const before = await contentsOf(journal)
    await journal.close()
    const { signal } = await runProgram(['compact', path, `${ms}`])
    expect(signal).toBe('SIGKILL')
    expect(await journal.claim()).toEqual({ isNew: false })
    await journal.open(RUN)
    const found = await contentsOf(journal)
    await journal.compact(RUN.name)
    const compacted = await contentsOf(journal)
    expect(compacted).toHaveLength(400 + 1 + 100 + 1)
    expect([before, compacted]).toContainEqual(found)
  })

  it('in the middle of a table that nothing names yet is no damage', async () => {
    const path = temporaryFolder()
    const journal = await opened(new LevelJournal({ path }))
    await journal.append(RUN.name, [{ kind: 'done', indexes: [[0, 1]], body: bytes('output') }])
    const before = await contentsOf(journal)
    await journal.close()
    writeFileSync(join(path, 'store', '000099.ldb'), 'the first blocks of a table')
    const again = new LevelJournal({ path })
    expect(await again.claim()).toEqual({ isNew: false })
    await again.open(RUN)
    expect(await contentsOf(again)).toEqual(before)
    await again.close()
  })

  it('gives the journal free', async () => {
    const path = temporaryFolder()
    await runProgram(['hold', path], (_line, child) => child.kill('SIGKILL'))
    await opened(new LevelJournal({ path }))
    await expect(new LevelJournal({ path }).claim()).rejects.toMatchObject({ code: 'JOURNAL_IN_USE' })
  })
})

it('a journal that another process has is refused, and it is said which has it', async () => {
  const path = temporaryFolder()
  let refusal: Promise<unknown> | undefined
  let pid: number | undefined
  await runProgram(['hold', path], (_line, child) => {
    pid = child.pid
    refusal = new LevelJournal({ path }).claim().catch((error: unknown) => error)
    void refusal.then(() => child.kill('SIGKILL'))
  })
  expect(await refusal).toMatchObject({
    code: 'JOURNAL_IN_USE',
    journal: path,
    message: expect.stringMatching(new RegExp(`in use by process ${pid} on `)),
  })
})

describe('what is no journal', () => {
  it.each<[string, (path: string) => void, RegExp]>([
    ['a folder of something else', (path) => writeFileSync(join(path, 'x'), ''), /is a folder of something else/],
    ['a folder whose file JOURNAL is not one', (path) => writeFileSync(join(path, 'JOURNAL'), '{}'), /not that of a/],
    ['a later format', (path) => writeFileSync(join(path, 'JOURNAL'), 'troupe journal 2\n'), /of format 2, and not 1/],
  ])('as %s is refused and left as it was', async (_name, make, why) => {
    const path = temporaryFolder()
    make(path)
    const before = readdirSync(path)
    await expect(new LevelJournal({ path }).claim()).rejects.toMatchObject({
      code: 'JOURNAL_UNREADABLE',
      journal: path,
      message: expect.stringMatching(why),
    })
    expect(readdirSync(path)).toEqual(before)
  })

  it('as a file is refused', async () => {
    const path = join(temporaryFolder(), 'file')
    writeFileSync(path, '')
    for (const at of [path, join(path, 'below')]) {
      await expect(new LevelJournal({ path: at }).claim()).rejects.toMatchObject({ code: 'JOURNAL_UNREADABLE' })
    }
  })

  it('is not begun when it is told not to', async () => {
    const path = temporaryFolder()
    for (const at of [path, join(path, 'missing')]) {
      const journal = new LevelJournal({ path: at, create: false })
      await expect(journal.claim()).rejects.toMatchObject({ code: 'JOURNAL_UNREADABLE' })
    }
    expect(readdirSync(path)).toEqual([])
  })

  it('is refused by its options', () => {
    expect(() => new LevelJournal({ path: '' })).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  })
})

it.skipIf(process.getuid?.() === 0)('a folder that may not be written is refused with the reason', async () => {
  const path = join(temporaryFolder(), 'sealed')
  mkdirSync(path)
  chmodSync(path, 0o500)
  await expect(new LevelJournal({ path }).claim()).rejects.toMatchObject({
    code: 'JOURNAL_UNREADABLE',
    message: expect.stringContaining('EACCES'),
  })
})

it.skipIf(noSmallDisk !== '')(
  `a disk that is full fails what is appended, and loses nothing that was written${noSmallDisk && ` (${noSmallDisk})`}`,
  async () => {
    const path = temporaryFolder()
    const mount = `mount -t tmpfs -o size=5m tmpfs ${path} && head -c 3000000 /dev/zero > ${path}/ballast`
    const shell = ['unshare', '-rm', 'sh', '-c', `${mount} && exec "$@"`, 'sh']
    const { lines, stderr } = await runProgram(['fill', join(path, 'journal'), join(path, 'ballast')], undefined, shell)
    expect(stderr).toBe('')
    const [{ written, places, ...rest }] = lines as [{ written: number; places: number[] }]
    expect(written).toBeGreaterThan(100)
    expect(places.slice(0, written)).toEqual(Array.from({ length: written }, (_, index) => index))
    expect(rest).toMatchObject({
      code: 'JOURNAL_FAILED',
      message: expect.stringContaining('No space left on device'),
      after: 'JOURNAL_FAILED',
      full: 'JOURNAL_FAILED',
    })
    expect(places).toHaveLength(written)
  },
)

it.skipIf(process.platform === 'win32')(
  'a file that may not grow any more fails what is appended, and loses nothing',
  async () => {
    const path = temporaryFolder()
    const limited = ['sh', '-c', 'trap "" XFSZ; ulimit -f 400; exec "$@"', 'sh']
    const { signal, lines } = await runProgram(['append', path], undefined, limited)
    expect(signal).toBeNull()
    const journal = await opened(new LevelJournal({ path }))
    expect(lines.length).toBeGreaterThan(50)
    expect((await contentsOf(journal)).length).toBeGreaterThanOrEqual(lines.length)
  },
)

describe('the size of a journal', () => {
  const TASKS = 256 * 200
  const batch = (first: number): JournalEntry[] => [
    { kind: 'accepted', first, count: 256, hash: 'x'.repeat(32), body: new Uint8Array(256 * 50) },
    { kind: 'done', indexes: [[first, 256]], body: new Uint8Array(256 * 50) },
    { kind: 'taken', indexes: [[first, 256]], note: `row ${first}` },
  ]

  it('is 5 bytes a task beyond the bodies in batches of 256, and 1 byte after a compaction', async () => {
    const path = temporaryFolder()
    const journal = await opened(new LevelJournal({ path }))
    for (let first = 0; first < TASKS; first += 256) await journal.append(RUN.name, batch(first))
    expect(sizeOf(path) - TASKS * 100).toBeLessThan(5 * TASKS)
    await journal.compact(RUN.name)
    await journal.close()
    await journal.claim()
    expect(sizeOf(path)).toBeLessThan(TASKS)
  })
})

it('an append that waits for the disk comes back as any other', async () => {
  const path = temporaryFolder()
  const journal = await opened(new LevelJournal({ path, sync: true }))
  await Promise.all([0, 1, 2].map((first) => journal.append(RUN.name, [accepted(first, 1)])))
  await journal.close()
  await journal.claim()
  await journal.open(RUN)
  expect(await journal.read(RUN.name, 2)).toEqual(Buffer.from(bytes('inputs 2')))
})

it('a journal that is closed twice at once is free when either close has ended', async () => {
  const path = temporaryFolder()
  const journal = await opened(new LevelJournal({ path }))
  const appended = journal.append(RUN.name, [{ ...accepted(0, 1), body: Buffer.alloc(10 << 20) } as JournalEntry])
  const first = journal.close()
  await journal.close()
  const next = new LevelJournal({ path })
  expect(await next.claim()).toEqual({ isNew: false })
  await Promise.all([first, appended, next.close()])
  expect(await journal.claim()).toEqual({ isNew: false })
  await journal.close()
})

it('LevelDB is not loaded before a journal in a folder is claimed', () => {
  const code = `
    import { LevelJournal } from '@troupe/actors/farm'
    new LevelJournal({ path: 'nowhere' })
    console.log(process.report.getReport().sharedObjects.filter((file) => file.includes('classic-level')).length)`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: join(PROGRAM, '..'),
    encoding: 'utf8',
  })
  expect(output).toBe('0\n')
})
