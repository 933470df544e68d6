/**
 * Durable maps on a disk that is full for real, and with a file that may not grow.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runProgram } from './journal/journal-program.js'
import { noSmallDisk } from './journal/small-disk.js'
import { temporaryFolder } from './journal/temporary-folder.js'

const PROGRAM = fileURLToPath(new URL('./fixtures/durable-program.mjs', import.meta.url))
const COUNT = 4_000
const BYTES = 1_000

interface Report {
  readonly found: { readonly taken: number; readonly done: number; readonly failed: number; readonly lines: number }
  readonly given: number
  readonly ran: number
  readonly failure?: { readonly code: string; readonly message: string }
}

/** Runs the program twice by a script: `$2` is the program, `$3` what it is to do. */
async function twice(script: string, terms: { readonly journal: string; readonly output: string }): Promise<Report[]> {
  const story = { count: COUNT, bytes: BYTES, way: 'map', workers: 1, sync: false, every: 50, ...terms }
  const shell = ['sh', '-c', script, 'sh']
  const { lines, stderr } = await runProgram([JSON.stringify(story)], undefined, shell, PROGRAM)
  expect(stderr).toBe('')
  return (lines as (Report | object)[]).filter((line): line is Report => 'found' in line)
}

/** What the first run was given was in vain beyond what it had taken; what was written is not run again. */
function expectGoneOn([first, second]: readonly Report[], { journal, output }: { journal: string; output: string }) {
  expect(first!.failure).toMatchObject({ code: 'JOURNAL_FAILED', message: expect.stringContaining(journal) })
  expect(first!.given).toBeGreaterThan(100)
  expect(second!.failure).toBeUndefined()
  const { taken, done, failed, lines } = second!.found
  expect(taken).toBeGreaterThan(first!.given - 51)
  expect(taken).toBeLessThanOrEqual(first!.given)
  expect(done + failed).toBeGreaterThanOrEqual(first!.given)
  expect([lines, second!.given, second!.ran]).toEqual([taken, COUNT - taken, COUNT - done - failed])
  const indexes = readFileSync(output, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as [number])[0])
  expect(indexes).toEqual(Array.from({ length: COUNT }, (_, n) => n))
}

it.skipIf(noSmallDisk !== '')(
  `a map on a disk that is full fails with JOURNAL_FAILED and the path, and goes on when there is room${noSmallDisk && ` (${noSmallDisk})`}`,
  async () => {
    const folder = temporaryFolder()
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    const files = { journal: join(disk, 'journal'), output: join(folder, 'output') }
    const script = `unshare -rm sh -c '
      mount -t tmpfs -o size=24m tmpfs ${disk} && head -c 23000000 /dev/zero > ${disk}/ballast
      "$@"; rm ${disk}/ballast; "$@"' sh "$@"`
    expectGoneOn(await twice(script, files), files)
  },
)

it.skipIf(process.platform === 'win32')(
  'a map whose journal may not grow any more fails with JOURNAL_FAILED and the path, and goes on when it may',
  async () => {
    const folder = temporaryFolder()
    const files = { journal: join(folder, 'journal'), output: join(folder, 'output') }
    expectGoneOn(await twice('trap "" XFSZ; (ulimit -f 2000; "$@"); "$@"', files), files)
  },
)
