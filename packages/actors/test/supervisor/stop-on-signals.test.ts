import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { Supervisor, stopOnSignals } from '@troupe/actors/supervisor'
import { isAlive } from '@troupe/testing/is-alive'
import { describe, expect, it } from 'vitest'
import { runOwner } from '../actor/run-owner.js'

const PROGRAM = fileURLToPath(new URL('./fixtures/stops-on-signals.mjs', import.meta.url))

/** A program that runs: its children's ids are known. */
async function running(deed: string, options: object = {}, env: NodeJS.ProcessEnv = {}) {
  const script = `process.argv.splice(1, 0, ${JSON.stringify(PROGRAM)}); import(${JSON.stringify(PROGRAM)})`
  const owner = runOwner([deed, JSON.stringify(options)], ['--input-type=module', '-e', script], env)
  const pids = JSON.parse(await owner.line) as number[]
  return {
    ...owner,
    pids,
    kill: (signal: NodeJS.Signals) => owner.child.kill(signal),
    /** The lines after the first, and the signal that it ended by. */
    end: async () => {
      const { stdout, stderr } = await owner.ended
      return { said: stdout.trim().split('\n').slice(1), by: owner.child.signalCode, stderr }
    },
  }
}

// Each test starts some processes.
describe('a program that stops at signals', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'stops its children in reverse and ends by the signal: %s',
    async (signal) => {
      const program = await running('orderly')
      program.kill(signal)
      expect(await program.end()).toEqual({
        said: ['third stops', 'second stops', 'first stops'],
        by: signal,
        stderr: '',
      })
      expect(program.pids.filter(isAlive)).toEqual([])
      expect(program.files()).toEqual([])
    },
  )

  it('stops in order at a Ctrl-C, which goes to all of its processes', async () => {
    const program = await running('orderly')
    process.kill(-program.child.pid!, 'SIGINT')
    expect(await program.end()).toMatchObject({ said: ['third stops', 'second stops', 'first stops'], by: 'SIGINT' })
  })

  it('kills a child that does not stop after its time, and goes on with the others', async () => {
    const program = await running('stubborn')
    program.kill('SIGTERM')
    expect(await program.end()).toMatchObject({ said: ['deaf stops', 'first stops'], by: 'SIGTERM' })
    expect(program.pids.filter(isAlive)).toEqual([])
  })

  it('kills what is left after the time that it was given for all', async () => {
    const program = await running('endless', { timeoutMs: 100 })
    program.kill('SIGTERM')
    expect(await program.end()).toMatchObject({ said: ['deaf stops'], by: 'SIGTERM' })
    expect(program.pids.filter(isAlive)).toEqual([])
  })

  it('kills all at a second signal, and ends by the first', async () => {
    const program = await running('endless')
    const stops = once(program.child.stdout!, 'data')
    program.kill('SIGTERM')
    await stops
    expect(program.pids.filter(isAlive)).toEqual(program.pids)
    program.kill('SIGINT')
    expect(await program.end()).toMatchObject({ said: ['deaf stops'], by: 'SIGTERM' })
    expect(program.pids.filter(isAlive)).toEqual([])
  })

  it('hears a signal once that is named twice', async () => {
    const program = await running('alone', { signals: ['SIGHUP', 'SIGHUP'] })
    program.kill('SIGHUP')
    expect(await program.end()).toMatchObject({ said: ['alone stops'], by: 'SIGHUP' })
  })

  it('does not hear those that it was not to listen to', async () => {
    const program = await running('alone', { signals: ['SIGHUP'] })
    program.kill('SIGTERM')
    expect((await program.end()).by).toBe('SIGTERM')
    expect((await program.ended).stdout).not.toContain('ended')
  })

  it('hears nothing any more once all has ended by itself, and ends as ever', async () => {
    const program = await running('alone', {}, { DEED: 'stop' })
    expect(await program.end()).toMatchObject({ said: expect.arrayContaining(['ended 0 0', 'exit']), by: null })
    expect((await program.ended).exitCode).toBe(0)
  })

  it('ends at once by a signal when it listens no more', async () => {
    const program = await running('endless', {}, { DEED: 'unlisten' })
    program.kill('SIGTERM')
    expect((await program.end()).by).toBe('SIGTERM')
  })
})

describe('what cannot do all that a supervisor can', () => {
  it('is killed when it cannot be stopped', async () => {
    const program = await running('refuses', { timeoutMs: 10 }, { TROUPE_LOG: 'warn' })
    program.kill('SIGTERM')
    const { said, by, stderr } = await program.end()
    expect({ said, by }).toEqual({ said: ['stop 10', 'kill'], by: 'SIGTERM' })
    const log = stderr.trim().split('\n')
    expect(log.map((line) => JSON.parse(line))).toMatchObject([
      { msg: 'stops at a signal', signal: 'SIGTERM' },
      { msg: 'could not be ended at a signal', err: { message: 'not now' } },
    ])
  })

  it('is stopped at once, at the second signal, when it cannot be killed', async () => {
    const program = await running('waits')
    const stops = once(program.child.stdout!, 'data')
    program.kill('SIGINT')
    await stops
    program.kill('SIGINT')
    expect(await program.end()).toMatchObject({ said: ['stop undefined', 'stop brutal_kill'], by: 'SIGINT' })
  })
})

describe('stopOnSignals', () => {
  it('takes its listeners away when it is disposed of', async () => {
    await using tree = await Supervisor.start()
    const before = process.listenerCount('SIGTERM')
    {
      using _ = stopOnSignals(tree)
      expect(process.listenerCount('SIGTERM')).toBe(before + 1)
    }
    expect(process.listenerCount('SIGTERM')).toBe(before)
  })

  it.each([
    [{ signals: ['SIGKILL'] }, 'signals.0'],
    [{ signals: [] }, 'signals'],
    [{ timeoutMs: -1 }, 'timeoutMs'],
    [{ timeout: 1 }, 'timeout'],
  ])('refuses %j and listens to nothing', async (options, path) => {
    await using tree = await Supervisor.start()
    const before = process.listenerCount('SIGTERM')
    expect(() => stopOnSignals(tree, options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(path) }),
    )
    expect(process.listenerCount('SIGTERM')).toBe(before)
  })

  it('is refused in a thread, which no signal reaches', async () => {
    const door = import.meta.resolve('@troupe/actors/supervisor')
    const script = `
      import(${JSON.stringify(door)}).then(({ stopOnSignals }) => {
        try { stopOnSignals({}) } catch ({ code }) { require('node:worker_threads').parentPort.postMessage(code) }
      })
    `
    const [code] = await once(new Worker(script, { eval: true }), 'message')
    expect(code).toBe('INVALID_OPTIONS')
  })
})
