import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Command, linesOf, taskFile } from './troupe.js'

let folder: string
const path = (name: string) => join(folder, name)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-resume-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** `double` waits for no one; every thousandth line is a text, which fails. */
const COUNT = 20_000
const isBad = (n: number) => n % 1_000 === 999
const input = (count = COUNT) =>
  Array.from({ length: count }, (_, n) => (n % 5_000 === 1 ? `not json ${n}` : isBad(n) ? '"x"' : n)).join('\n')
const wanted = Array.from({ length: COUNT }, (_, n) => n)
  .filter((n) => n % 5_000 !== 1 && !isBad(n))
  .map((n) => `${2 * n}`)

function run(...more: string[]): Command {
  const files = [
    '--input',
    path('in'),
    '--output',
    path('out'),
    '--errors',
    path('errors'),
    '--journal',
    path('journal'),
  ]
  return new Command(['map', `${taskFile('several.js')}#double`, '--workers', '2', ...files, ...more])
}

const sizeOf = (name: string) => statSync(path(name), { throwIfNoEntry: false })?.size ?? 0

describe('troupe map with a journal', () => {
  it.each([[[]], [['--unordered']]])(
    'has each result and each failure in its files once, whenever it is killed with -9 (%j)',
    async (more) => {
      writeFileSync(path('in'), input())
      let kills = 0
      for (const share of [0.05, 0.3, 0.6]) {
        const command = run('--resume', ...more)
        const until = share * wanted.join('\n').length
        await expect
          .poll(() => sizeOf('out') >= until || command.child.exitCode !== null, { timeout: 30_000, interval: 2 })
          .toBe(true)
        if (command.child.exitCode === null) kills++
        command.child.kill('SIGKILL')
        await command.result
      }
      expect(kills).toBeGreaterThan(0)
      const { status, stderr } = await run('--resume', ...more).result
      expect(stderr).toContain('going on: of ')
      expect(status).toBe(1)
      const lines = linesOf(readFileSync(path('out'), 'utf8'))
      const bySize = (a: string, b: string) => Number(a) - Number(b)
      expect(more.length === 0 ? lines : lines.sort(bySize)).toEqual(wanted)
      const failed = linesOf(readFileSync(path('errors'), 'utf8')).map(
        (line) => (JSON.parse(line) as { line: number }).line,
      )
      const bad = Array.from({ length: COUNT }, (_, n) => n + 1).filter(
        (line) => (line - 1) % 5_000 === 1 || isBad(line - 1),
      )
      expect(failed.sort((a, b) => a - b)).toEqual(bad)
    },
    // Five commands, one after the other.
    120_000,
  )

  it('goes on after Ctrl-C', async () => {
    writeFileSync(path('in'), input())
    const command = run()
    await expect.poll(() => sizeOf('out'), { timeout: 30_000, interval: 2 }).toBeGreaterThan(0)
    command.interrupt()
    await command.result
    await run('--resume').result
    expect(linesOf(readFileSync(path('out'), 'utf8'))).toEqual(wanted)
  })

  it('does nothing again that is done, and goes on with lines that were added', async () => {
    writeFileSync(path('in'), '1\n2\n3\n')
    expect((await run().result).stderr).toContain('3 done, 0 failed')
    expect((await run('--resume').result).stderr).toContain('0/s')
    appendFileSync(path('in'), '4\n')
    await run('--resume').result
    expect(readFileSync(path('out'), 'utf8')).toBe('2\n4\n6\n8\n')
  })

  it.each([
    [
      'a journal that holds a run, without --resume',
      [],
      (): void => undefined,
      /journal: holds a run already: --resume goes on with it/,
    ],
    [
      'an input that has changed',
      ['--resume'],
      (): void => writeFileSync(path('in'), '1\n7\n3\n'),
      /(number 1|one of 0 to 2) has changed.*JOURNAL_MISMATCH/,
    ],
    [
      'an output that is shorter than it was',
      ['--resume'],
      (): void => writeFileSync(path('out'), ''),
      /output: .* is shorter than the 6 bytes/,
    ],
  ] as const)('refuses %s, and leaves its files as they are', async (_, options, change, message) => {
    writeFileSync(path('in'), '1\n2\n3\n')
    await run().result
    change()
    const before = readFileSync(path('out'), 'utf8')
    const { status, stderr } = await run(...options).result
    expect(stderr).toMatch(message)
    expect(status).toBe(2)
    expect(readFileSync(path('out'), 'utf8')).toBe(before)
  })

  it('refuses the journal of another task', async () => {
    writeFileSync(path('in'), '1\n')
    await run().result
    const other = new Command([
      'map',
      `${taskFile('square.ts')}`,
      '--input',
      path('in'),
      '--journal',
      path('journal'),
      '--resume',
    ])
    const { status, stderr } = await other.result
    expect([status, stderr]).toEqual([2, expect.stringContaining('JOURNAL_MISMATCH')])
  })

  it('needs a journal to resume', async () => {
    const { status, stderr } = await new Command(['map', taskFile('square.ts'), '--resume']).result
    expect([status, stderr]).toEqual([2, expect.stringContaining('needs --journal')])
  })
})
