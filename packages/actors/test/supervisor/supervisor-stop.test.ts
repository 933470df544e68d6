import { Supervisor } from '@troupe/actors/supervisor'
import { describe, expect, it } from 'vitest'
import { deaf, isSettled, type Manners, never, Stage, slow, undying } from './staged-supervisor.js'

const shutdown = { reason: 'shutdown' } as const

describe('the stop of a supervisor', () => {
  it('stops the children in reverse, each when the one behind it has ended', async () => {
    const stage = new Stage()
    const supervisor = await stage.open(['a', 'b', 'c'].map((id) => stage.spec(id, {}, slow)))
    const stopped = supervisor.stop()
    for (const id of ['c', 'b', 'a']) {
      expect(await isSettled(stopped)).toBe(false)
      expect(stage.journal().at(-1)).toBe(`${id} stop`)
      stage.child(id).end(shutdown)
    }
    await stopped
    expect([supervisor.state, supervisor.children()]).toEqual(['stopped', []])
    expect(await supervisor.exit).toEqual(shutdown)
    expect(stage.clock.pending).toBe(0)
  })

  it('may be asked for again and again, and disposal is the same', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a')])
    await Promise.all([supervisor.stop(), supervisor.stop(), supervisor[Symbol.asyncDispose]()])
    await supervisor.stop()
    supervisor.kill()
    expect(stage.journal()).toEqual(['a stop', 'a shutdown'])
    expect(await supervisor.exit).toEqual(shutdown)
  })

  it('is what await using does at the end of its block', async () => {
    const stage = new Stage()
    {
      await using supervisor = await Supervisor.start({ clock: stage.clock, children: [stage.spec('a')] })
      expect(supervisor.state).toBe('running')
    }
    expect(stage.journal()).toEqual(['a start', 'a stop', 'a shutdown'])
  })

  it('does not restart a child that dies meanwhile, before its turn or in it', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a'), stage.spec('b', {}, slow)], { intensity: 0 })
    const stopped = supervisor.stop()
    await stage.end('a')
    await stage.end('b')
    await stopped
    expect(stage.journal()).toEqual(['b stop', 'a failed', 'b failed'])
    expect(await supervisor.exit).toEqual(shutdown)
  })

  it.each([-1, Number.NaN, 'soon'])('refuses %s as its time, and goes on', async (timeoutMs) => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a')])
    await expect(supervisor.stop({ timeoutMs: timeoutMs as number })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    expect([supervisor.state, stage.journal()]).toEqual(['running', []])
  })

  it.each([0, 300])('kills what is left after its time, %i ms, and has then been killed itself', async (timeoutMs) => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a', {}, deaf), stage.spec('b', { shutdownMs: 'infinity' }, deaf)])
    const stopped = supervisor.stop({ timeoutMs })
    await stage.advance(timeoutMs - 1)
    expect(stage.journal()).toEqual(['b stop'])
    await stage.advance(1)
    expect(stage.journal()).toEqual(expect.arrayContaining(['b kill', 'a kill', 'b killed', 'a killed']))
    await stopped
    expect(await supervisor.exit).toEqual({ reason: 'killed' })
    expect(stage.clock.pending).toBe(0)
  })

  it('leaves no timer when all ended within its time', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a')])
    await supervisor.stop({ timeoutMs: 300 })
    expect(stage.clock.pending).toBe(0)
    expect(await supervisor.exit).toEqual(shutdown)
  })

  it.each(['kill', 'brutal_kill'])('by %s kills all children at once, without asking one before', async (how) => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a'), stage.spec('b')])
    if (how === 'kill') supervisor.kill()
    else void supervisor.stop({ timeoutMs: 'brutal_kill' })
    expect(stage.journal().slice(0, 2)).toEqual(['a kill', 'b kill'])
    expect(await supervisor.exit).toEqual({ reason: 'killed' })
    expect(supervisor.children()).toEqual([])
  })
})

describe('the time of a child to stop', () => {
  it('is told to the child, and is 5 s unless its spec says otherwise', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([
      ...[stage.spec('a'), stage.spec('b', { shutdownMs: 70 }), stage.spec('c', { shutdownMs: 'infinity' })],
    ])
    await supervisor.stop()
    expect(['a', 'b', 'c'].map((id) => stage.child(id).given)).toEqual([[5_000], [70], ['infinity']])
  })

  it('ends with a kill, a second later: most keep to it by themselves', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a', { shutdownMs: 70 }, deaf)])
    const stopped = supervisor.stop()
    await stage.advance(1_069)
    expect(stage.journal()).toEqual(['a stop'])
    await stage.advance(1)
    await stopped
    expect(stage.journal()).toEqual(['a kill', 'a killed'])
    expect(await supervisor.exit).toEqual(shutdown)
  })

  it('is none with brutal_kill: the child is killed first', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a', { shutdownMs: 'brutal_kill' }, deaf)])
    await supervisor.stop()
    expect(stage.journal()).toEqual(['a kill', 'a stop', 'a killed'])
  })

  it('never ends with infinity', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a', { shutdownMs: 'infinity' }, slow)])
    const stopped = supervisor.stop()
    await stage.advance(1e9)
    expect(stage.journal()).toEqual(['a stop'])
    stage.child('a').end(shutdown)
    await stopped
    expect(stage.journal()).toEqual(['a shutdown'])
  })
})

describe('a child that cannot be stopped', () => {
  const throws = (): never => {
    throw new Error('cannot')
  }
  const rejects = () => Promise.reject(new Error('cannot'))

  it.each<[string, Manners]>([
    ['whose stop rejects', { stop: rejects }],
    ['whose stop throws', { stop: throws }],
  ])('%s is killed at once', async (_what, manners) => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a'), stage.spec('b', {}, manners)])
    await supervisor.stop()
    expect(stage.journal()).toEqual(['b stop', 'b kill', 'b killed', 'a stop', 'a shutdown'])
    expect(stage.logged).toContain('error: child could not be stopped')
  })

  it.each<[string, Manners]>([
    ['not even by a kill', undying],
    ['as its kill throws', { stop: never, kill: throws }],
  ])('%s, is left alone when its time is over twice, and the others are stopped', async (_what, manners) => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a'), stage.spec('b', { shutdownMs: 70 }, manners)])
    const stopped = supervisor.stop()
    await stage.advance(1_070)
    await stage.advance(1_000)
    await stopped
    expect(stage.journal()).toEqual(['b stop', 'b kill', 'a stop', 'a shutdown'])
    expect(stage.logged).toContain('error: child did not end and is left alone')
  })

  it('does not keep a supervisor that is killed, though it may take for ever', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a', { shutdownMs: 'infinity' }, undying)])
    void supervisor.stop()
    await stage.advance(1e6)
    supervisor.kill()
    await stage.advance(1_000)
    await stage.advance(1_000)
    expect(await supervisor.exit).toEqual({ reason: 'killed' })
  })

  it('has stopped when it has ended, whatever its stop still waits for', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a', { shutdownMs: 'infinity' }, deaf)])
    const stopped = supervisor.stop()
    expect(await isSettled(stopped)).toBe(false)
    stage.child('a').end(shutdown)
    expect(await isSettled(stopped)).toBe(true)
    expect(stage.journal()).toEqual(['a stop', 'a shutdown'])
  })
})
