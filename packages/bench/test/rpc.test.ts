import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { hasProc, treeOf } from '../dist/process-tree.js'
import { natsServerMissing } from '../dist/rpc/nats-server.js'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** With `required`, as in `.ci/run`, its rows must be there. */
const hasNats = natsServerMissing() === undefined || process.env.TROUPE_INTEROP === 'required'
const GRPC = '@grpc/grpc-js'
const PACKED = 'raw zeromq, packed per turn, no validation'
/** Those with streams, which keep idle clients too. */
const SOME = ['Troupe', GRPC, PACKED]
const ALL = [
  'Troupe',
  GRPC,
  ...(hasNats ? ['NATS request/reply'] : []),
  'moleculer over TCP',
  PACKED,
  'raw zeromq, a message a call, no validation',
]

test('a quick run among the RPC checks every answer and every message of all contenders, and writes the page', () => {
  const page = join(folder, 'page.md')
  const [begin, end] = [
    '<!-- what follows is written by the command -->',
    '<!-- what precedes is written by the command -->',
  ]
  writeFileSync(page, `# RPC\n\n${begin}\n\n${end}\n`)
  const only = ['inflight', 'stream', 'idle'].flatMap((name) => ['--only', name])
  const { status, stdout } = spawnSync(process.execPath, [main, 'rpc', '--quick', ...only, '--into', page], {
    encoding: 'utf8',
  })
  const tables = stdout.trimEnd().split('\n\n').flatMap(namesIn)
  // Memory and idle clients are read from /proc.
  const wanted = hasProc ? [ALL, ALL, SOME, SOME] : [ALL, SOME]
  expect({ status, tables }).toEqual({ status: 0, tables: wanted })
  expect(readFileSync(page, 'utf8')).toBe(`# RPC\n\n${begin}\n\n${stdout.trimEnd()}\n\n${end}\n`)
}, 60_000)

test.runIf(hasProc)(
  'a benchmark of the RPC that is killed leaves no process of its contenders',
  async () => {
    const child = spawn(process.execPath, [main, 'rpc', '--quick', '--only', 'lone'], { stdio: 'ignore' })
    const exited = once(child, 'exit')
    const last = hasNats ? /^nats-server/ : /client\.main\.js/
    const begun = () => treeOf(child.pid!).some((pid) => last.test(commandOf(pid)))
    await expect.poll(begun, { timeout: 20_000, interval: 10 }).toBe(true)
    const tree = treeOf(child.pid!)
    child.kill('SIGKILL')
    await exited
    const left = () => tree.filter((pid) => commandOf(pid) !== '')
    onTestFinished(() => {
      for (const pid of left()) process.kill(pid, 'SIGKILL')
    })
    await expect.poll(left, { timeout: 20_000 }).toEqual([])
  },
  60_000,
)

/** The contenders of a table; nothing for what is no table. */
function namesIn(part: string): string[][] {
  if (!part.startsWith('| contender')) return []
  return [part.split('\n').flatMap((row, index) => (index < 2 ? [] : [row.split('|')[1]!.trim()]))]
}

/** Empty for a process that has ended. */
function commandOf(pid: number): string {
  const file = `/proc/${pid}/cmdline`
  try {
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  } catch {
    return ''
  }
}
