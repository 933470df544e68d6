import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { required } from '@troupe/testing/python-with'
import { expect, test } from 'vitest'
import { canRun, pythonPools } from '../dist/contenders/all.js'
import { redisMissing } from '../dist/journal/redis-server.js'
import { troupePython } from '../dist/python/troupe-python.js'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const run = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })

test('a quick run of a scenario checks the results of all its contenders and prints them beside piscina', () => {
  const { stdout, status } = run('farm', '--quick', '--only', 'submit')
  expect({ status, beside: stdout.match(/^\| (troupe farm|piscina|tinypool|hand-written).* x \|$/gm)?.length }).toEqual(
    {
      status: 0,
      beside: 4,
    },
  )
}, 60_000)

test('a quick run among the actors starts, crashes and asks those of all frameworks, and checks every answer', () => {
  const { stdout, status } = run('actors', '--quick', '--only', 'tree', '--only', 'crash')
  const rows = (title: string) =>
    stdout
      .split('## ')
      .find((part) => part.includes(title))!
      .match(/^\| (troupe|nact|comedy).*\|$/gm)
  expect({ status, tree: rows('under one parent')?.length, crash: rows('From a crash')?.length }).toEqual({
    status: 0,
    // In the table of the memory, and in that of the casts.
    tree: 6,
    crash: 6,
  })
}, 60_000)

test('a quick run of the journal checks the results of all and goes on with a map that was killed', () => {
  const { stdout, status } = run('journal', '--quick', '--only', 'rate', '--only', 'resume')
  expect({ status, resumed: /\| the first new result +\|/.test(stdout) }).toEqual({ status: 0, resumed: true })
  const hasRedis = redisMissing() === undefined || required
  expect(stdout.includes('| BullMQ on Redis')).toBe(hasRedis)
}, 60_000)

test('a quick run of workers in Python checks their results beside Celery and multiprocessing, and says who was left out', () => {
  const { stdout, status } = run('remote', '--quick', '--only', 'python')
  expect(status).toBe(0)
  const present = required ? pythonPools : pythonPools.filter(canRun)
  const rows = stdout.match(/^\| (troupe farm, workers in Python|Celery|Python).* x \|$/gm) ?? []
  expect(rows).toHaveLength(present.includes(troupePython) ? present.length : 0)
  const said = pythonPools.filter(({ name }) => stdout.includes(`${name} was left out: `))
  expect([...present, ...said]).toHaveLength(pythonPools.length)
}, 60_000)

test('a quick run of security checks the results of farms and services with CURVE and without, and has strangers refused', () => {
  const { stdout, status } = run('security', '--quick', '--only', 'rate', '--only', 'calls', '--only', 'refused')
  const rows = stdout.match(/^\| (troupe farm, joined|Troupe|nobody knocks|[\d,]+ strangers knock).* x \|$/gm)
  expect({ status, rows: rows?.length }).toEqual({ status: 0, rows: 7 })
  expect(stdout).toMatch(/refused a second: [\d.,]*[1-9][\d.,]* of 100, /)
}, 60_000)

test.each([[[]], [['nothing']], [['farm', '--only', 'toString']], [['farm', '--rounds', '0']], [['farm', '--fast']]])(
  'a command that it does not know, %j, is answered with how to call it',
  (args) => {
    const { stderr, status } = run(...args)
    expect({ status, usage: stderr.startsWith('usage: bench farm') }).toEqual({ status: 2, usage: true })
  },
)
