import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive } from '@troupe/testing/is-alive'
import { describe, expect, it } from 'vitest'
import { inheritedExecArgv } from '../../dist/actor/inherited-exec-argv.js'
import { until } from './open-actor.js'
import { runOwner } from './run-owner.js'

describe('a program that owns actors', () => {
  it('ends by itself once it has stopped them, and leaves no process and no file', async () => {
    const owner = runOwner(['dispose'])
    const { exitCode, stdout, stderr } = await owner.ended
    expect([exitCode, stderr]).toEqual([0, ''])
    expect((JSON.parse(stdout) as number[]).filter(isAlive)).toEqual([])
    expect(owner.files()).toEqual([])
  })

  it('takes their processes and its ipc files with it when it is killed, ended or exits', async () => {
    const owners = (['SIGKILL', 'SIGTERM', 'exit'] as const).map((how) => {
      return { how, owner: runOwner([how === 'exit' ? 'exit' : 'wait']) }
    })
    const ends = owners.map(async ({ how, owner }) => {
      const pids = JSON.parse(await owner.line) as number[]
      if (how !== 'exit') owner.child.kill(how)
      return { pids, exitCode: (await owner.ended).exitCode }
    })
    const ended = await Promise.all(ends)
    expect(ended.map(({ exitCode }) => exitCode)).toEqual([null, null, 3])
    const pids = ended.flatMap((owner) => owner.pids)
    expect(pids.length).toBe(6)
    await until(() => !pids.some(isAlive))
    expect(owners.flatMap(({ owner }) => owner.files())).toEqual([])
  })

  it('takes a process with it that is still loading when it is killed', async () => {
    const fixture = (name: string) => JSON.stringify(new URL(`./fixtures/${name}`, import.meta.url).href)
    const script = `
      import { Actor } from '@troupe/actors/actor'
      const execArgv = ['--import', ${fixture('waits-for-orphanhood.mjs')}]
      const code = { module: new URL(${fixture('actors.mjs')}), export: 'busy' }
      await Actor.start(code, undefined, { isolation: 'process', execArgv })
    `
    const owner = runOwner([], ['--input-type=module', '-e', script])
    const pid = Number(await owner.line)
    expect(isAlive(pid)).toBe(true)
    owner.child.kill('SIGKILL')
    await until(() => !isAlive(pid))
    expect(owner.files()).toEqual([])
  })

  it('decides at Ctrl-C, which goes to all of its processes', async () => {
    const script = `
      import { Actor } from '@troupe/actors/actor'
      const code = { module: new URL('./fixtures/actors.mjs', 'file://' + process.cwd() + '/'), export: 'echo' }
      const actor = await Actor.start(code, undefined, { isolation: 'process' })
      process.once('SIGINT', async () => {
        await actor.send('still here')
        console.log(await actor.receive())
        await actor.stop()
        console.log((await actor.exit).reason)
      })
      console.log('started')
      const alive = setInterval(() => undefined, 1_000)
      actor.exit.then(() => clearInterval(alive))
    `
    const owner = runOwner([], ['--input-type=module', '-e', script])
    expect(await owner.line).toBe('started')
    process.kill(-owner.child.pid!, 'SIGINT')
    expect(await owner.ended).toEqual({ exitCode: 0, stdout: 'started\nstill here\nshutdown\n', stderr: '' })
  })
})

it("the standard output of an actor's process goes where it is told to, and with that of its owner by default", async () => {
  expect(await runOwner(['says']).ended).toEqual({ exitCode: 0, stdout: 'default\ninherit\n', stderr: 'stderr\n' })
})

describe("the flags of an actor's process", () => {
  const told = async (flags: string[], options = {}) => {
    const owner = runOwner(['argv', JSON.stringify(options)], flags)
    const { stdout, exitCode } = await owner.ended
    expect([exitCode, owner.files().filter((name) => name.startsWith('troupe-'))]).toEqual([0, []])
    return (JSON.parse(stdout) as { execArgv: string[] }).execArgv
  }
  const kept = ['--stack-trace-limit=37', '--import', 'data:text/javascript,', '--max-old-space-size=300']

  it("are its owner's", async () => {
    expect(await told(kept)).toEqual(kept)
  })

  const DEBUGGERS = [
    ['--inspect=127.0.0.1:0', '--debug-port=0'],
    ['--inspect', '--inspect-port', '0'],
  ]
  const PROFILES = [
    ['--cpu-prof', '--cpu-prof-dir', join(tmpdir(), 'profiles')],
    ['--heap-prof', `--heap-prof-dir=${join(tmpdir(), 'profiles')}`],
  ]
  const EVALS = [['--input-type=module', '-e'], ['--input-type', 'module', '-e'], ['-p', '-e'], ['--eval']]

  it.each([...DEBUGGERS, ...PROFILES].map((flags) => [flags]))(
    'are not those of the debugger and of profiles: %s',
    (flags) => {
      expect(inheritedExecArgv([...kept.slice(0, 1), ...flags, ...kept.slice(1)])).toEqual(kept)
    },
  )

  it.each(EVALS.map((flags) => [flags]))('are not those of evaluated code: %s', (flags) => {
    expect(inheritedExecArgv([...kept, ...flags, 'the code'])).toEqual(kept)
  })

  it('are not those, as Node tells them to a program', async () => {
    const flags = [...DEBUGGERS[1]!, ...PROFILES.flat()]
    expect(await told([...kept.slice(0, 1), ...flags, ...kept.slice(1)])).toEqual(kept)
    const script = `process.argv.splice(1, 0, 'x');import(${JSON.stringify(new URL('./fixtures/owner.mjs', import.meta.url).href)})`
    const owner = runOwner(['argv', '{}'], ['--stack-trace-limit=37', '-p', '-e', script])
    // -p says the value of the code too, before.
    const { stdout } = await owner.ended
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toMatchObject({ execArgv: ['--stack-trace-limit=37'] })
  })

  it('are those that it was given instead', async () => {
    expect(await told(kept, { execArgv: ['--stack-trace-limit=5'] })).toEqual(['--stack-trace-limit=5'])
  })
})

it("the environment of an actor's process names the level of its log", async () => {
  const { stderr } = await runOwner(['argv', '{"env":{"TROUPE_LOG":"warn"}}']).ended
  expect(JSON.parse(stderr)).toMatchObject({ actor: 'context', msg: 'a word to the log' })
})
