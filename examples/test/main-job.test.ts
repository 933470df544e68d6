/**
 * Runs the main job on small folders, as `npm start -- DIR` does.
 */
import { type ExecFileException, execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'

const ROOT = join(import.meta.dirname, '..', '..')
const MAIN = join(ROOT, 'examples', 'dist', 'main-job', 'main.js')

function mainJob(...args: string[]): Promise<{ status: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, ...args],
      { timeout: 15_000 },
      (error: ExecFileException | null, stdout, stderr) =>
        resolve({ status: error === null ? 0 : error.code, stdout, stderr }),
    )
  })
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'troupe-test-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

it('examines every file once while a worker dies, and agrees with one process', async () => {
  const dir = folder()
  mkdirSync(join(dir, 'deep', 'deeper'), { recursive: true })
  for (let index = 0; index < 300; index++) {
    // Large enough that a worker holds some of them at any time.
    writeFileSync(join(dir, index % 2 ? 'deep' : 'deep/deeper', `${index}.txt`), `file ${index >> 1}\n`.repeat(5_000))
  }
  symlinkSync('deep', join(dir, 'link'))
  const { status, stdout, stderr } = await mainJob(dir, '--workers', '2', '--results', folder())
  const row = (name: string) => stdout.match(new RegExp(`^ {2}${name} {2,}(.*)$`, 'm'))?.[1]
  expect(row('files')).toBe('300')
  expect(row('duplicates')).toMatch(/^150 files, /)
  expect(row('lost')).toBe('0')
  expect(row('delivered twice')).toBe('0')
  expect(row('one process, same sample')).toBe('300 files, all the same')
  expect(Number(row('tasks redelivered'))).toBeGreaterThan(0)
  expect(stderr).toMatch(/killed worker \d+ with SIGKILL while it held \d+ tasks/)
  expect(status).toBe(0)
})

it('tells what is known of a file', async () => {
  const dir = folder()
  writeFileSync(join(dir, 'a.txt'), 'one two\n  three\nfour')
  const results = folder()
  await mainJob(dir, '--no-kill', '--workers', '1', '--results', results)
  expect(JSON.parse(readFileSync(join(results, 'results.ndjson'), 'utf8'))).toEqual({
    path: expect.stringMatching(/a\.txt$/),
    bytes: 20,
    sha256: '87748a393c914033ff5b6cd61690107c8289fe6b78f4a9bc3428b0f3c99ecb21',
    lines: 2,
    words: 4,
    brotliBytes: expect.any(Number),
  })
})

it('has nothing to do in an empty folder', async () => {
  expect(await mainJob(folder(), '--results', folder())).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('0 files'),
  })
})

it.each([
  [['nowhere'], 'there is no folder'],
  [[MAIN], 'is not a folder'],
  [['--limit', 'many'], '--limit must be a whole number'],
  [['--colour'], "Unknown option '--colour'"],
])('says in one line why it cannot run: %j', async (args, why) => {
  const { status, stdout, stderr } = await mainJob(...args)
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  expect(stderr).toContain(why)
})
