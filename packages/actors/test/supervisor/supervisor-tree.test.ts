/**
 * Supervisors of real actors, in this thread and in processes.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Actor, type Pipe } from '@troupe/actors/actor'
import { type Supervised, Supervisor, type SupervisorNotice } from '@troupe/actors/supervisor'
import { expect, it } from 'vitest'

const WAITS = { module: new URL('./fixtures/waits.mjs', import.meta.url), export: 'waits' }
const inProcess = () => Actor.start(WAITS, undefined, { isolation: 'process' })

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** The next child of a supervisor that starts. */
const nextStart = (supervisor: Supervisor): Promise<Supervised> =>
  new Promise((resolve) => {
    const end = supervisor.subscribe((notice) => {
      if (notice.type !== 'started') return
      end()
      resolve(notice.child)
    })
  })

const childOf = (supervisor: Supervisor, id: string) => supervisor.children().find((child) => child.id === id)?.child

it('an actor in a process that is killed with SIGKILL is restarted in a new one, which stops with the tree', async () => {
  const told: SupervisorNotice[] = []
  const supervisor = await Supervisor.start({ children: [{ id: 'a', start: inProcess }] })
  supervisor.subscribe((notice) => told.push(notice))
  const first = (childOf(supervisor, 'a') as Actor).pid!
  const restarted = nextStart(supervisor)
  process.kill(first, 'SIGKILL')
  const second = ((await restarted) as Actor).pid!
  expect(told.slice(0, 2)).toMatchObject([
    { type: 'exited', exit: { reason: 'failed', error: { code: 'ACTOR_EXITED', signal: 'SIGKILL' } } },
    { type: 'restarting', delayMs: 0 },
  ])
  expect([isAlive(first), isAlive(second), second === first]).toEqual([false, true, false])
  await supervisor.stop()
  expect(isAlive(second)).toBe(false)
  expect(await supervisor.exit).toEqual({ reason: 'shutdown' })
})

it('a supervisor that is killed takes the processes of its tree with it', async () => {
  const inner = () => Supervisor.start({ children: [{ id: 'a', start: inProcess }] })
  const supervisor = await Supervisor.start({ children: [{ id: 'inner', shutdownMs: 'infinity', start: inner }] })
  const { pid } = childOf(childOf(supervisor, 'inner') as Supervisor, 'a') as Actor
  expect(isAlive(pid!)).toBe(true)
  supervisor.kill()
  expect(await supervisor.exit).toEqual({ reason: 'killed' })
  expect(isAlive(pid!)).toBe(false)
})

it('an inline actor that throws is restarted, and talks again; one that returns is not, if it is transient', async () => {
  const echo = async (pipe: Pipe) => {
    for await (const message of pipe) {
      if (message === 'fail') throw new Error('as told')
      if (message === 'return') return
      await pipe.send(message)
    }
  }
  await using supervisor = await Supervisor.start({
    children: [{ id: 'echo', restart: 'transient', start: () => Actor.start(echo) }],
  })
  const restarted = nextStart(supervisor)
  await (childOf(supervisor, 'echo') as Actor).send('fail')
  const again = (await restarted) as Actor
  await again.send('hello')
  expect(await again.receive()).toBe('hello')
  await again.send('return')
  expect(await again.exit).toEqual({ reason: 'normal' })
  expect(supervisor.children()).toMatchObject([{ id: 'echo', phase: 'stopped', child: undefined }])
})

it('a supervisor in a tree that gives up over a real actor is restarted by its parent', async () => {
  const waits = async (pipe: Pipe) => {
    if ((await pipe.receive()) === 'fail') throw new Error('as told')
  }
  const start = () => Supervisor.start({ intensity: 0, children: [{ id: 'a', start: () => Actor.start(waits) }] })
  await using outer = await Supervisor.start({ children: [{ id: 'inner', shutdownMs: 'infinity', start }] })
  const first = childOf(outer, 'inner') as Supervisor
  const restarted = nextStart(outer)
  await (childOf(first, 'a') as Actor).send('fail')
  const second = (await restarted) as Supervisor
  expect(await first.exit).toMatchObject({ error: { code: 'RESTART_INTENSITY', cause: { code: 'ACTOR_FAILED' } } })
  expect([second === first, second.state, second.children().length]).toEqual([false, 'running', 1])
})

it('a program that stops its tree ends by itself, and leaves no process and no file', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'supervisor-test-'))
  const program = spawn(process.execPath, [fileURLToPath(new URL('./fixtures/disposes.mjs', import.meta.url))], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said, [exitCode]] = await Promise.all([text(program.stdout), once(program, 'exit')])
  const { pids, state } = JSON.parse(said) as { pids: number[]; state: string }
  expect([exitCode, state, pids.length, pids.filter(isAlive)]).toEqual([0, 'stopped', 2, []])
  expect(readdirSync(temporary)).toEqual([])
  rmSync(temporary, { recursive: true })
})
