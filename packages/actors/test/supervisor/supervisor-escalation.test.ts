import { RestartIntensityError, type RestartType, Supervisor, type SupervisorOptions } from '@troupe/actors/supervisor'
import { describe, expect, it } from 'vitest'
import { CRASH, isSettled, noticesOf, Stage, slow } from './staged-supervisor.js'

describe('a supervisor that gives up', () => {
  it('has failed with the last end as the cause, after its children were stopped in reverse', async () => {
    const stage = new Stage()
    const children = [stage.spec('a', {}, slow), stage.spec('b'), stage.spec('c', {}, slow)]
    const supervisor = await stage.open(children, { name: 'tree', intensity: 1, periodMs: 1_000 })
    await stage.end('b')
    stage.journal()
    await stage.end('b')
    expect(stage.journal()).toEqual(['b failed', 'c stop'])
    expect(await isSettled(supervisor.exit)).toBe(false)
    stage.child('c').end({ reason: 'shutdown' })
    expect(await isSettled(supervisor.exit)).toBe(false)
    stage.child('a').end({ reason: 'shutdown' })
    const exit = await supervisor.exit
    expect(stage.journal()).toEqual(['c shutdown', 'a stop', 'a shutdown'])
    expect([exit.reason, supervisor.state, supervisor.children()]).toEqual(['failed', 'failed', []])
    const error = exit.reason === 'failed' ? exit.error : undefined
    expect(error).toBeInstanceOf(RestartIntensityError)
    expect(error).toMatchObject({ code: 'RESTART_INTENSITY', child: 'b', restarts: 2, periodMs: 1_000, cause: CRASH })
    expect(error?.message).toBe(
      'tree gave up: 2 restarts within 1000 ms are too many; the last child to end was b: it crashed',
    )
  })

  it('says how the last child ended when that was no failure, and has no cause', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a')], { intensity: 0 })
    await stage.end('a', { reason: 'killed' })
    const exit = await supervisor.exit
    expect(exit).toMatchObject({ error: { message: expect.stringMatching(/was a: killed$/) } })
    expect('error' in exit && 'cause' in exit.error).toBe(false)
  })

  it('restarts no child that waits, and takes no new one', async () => {
    const stage = new Stage()
    const children = [stage.spec('a', {}, slow), stage.spec('b', { backoff: { minMs: 100 } }), stage.spec('c')]
    const supervisor = await stage.open(children, { intensity: 1 })
    await stage.end('b')
    await stage.end('c')
    await expect(supervisor.startChild(stage.spec('d'))).rejects.toMatchObject({ code: 'CLOSED' })
    expect(stage.clock.pending).toBe(1)
    stage.child('a').end({ reason: 'shutdown' })
    await supervisor.exit
    await stage.advance(100)
    expect(stage.journal()).toEqual(['b failed', 'c failed', 'a stop', 'a shutdown'])
  })

  it('may be stopped and killed, and has failed all the same', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a')], { intensity: 0 })
    supervisor.subscribe(({ type }) => type === 'gave_up' && void supervisor.stop())
    await stage.end('a')
    supervisor.kill()
    await supervisor.stop()
    expect(await supervisor.exit).toMatchObject({ reason: 'failed', error: { code: 'RESTART_INTENSITY' } })
  })
})

describe('a supervisor under a supervisor', () => {
  /** An outer supervisor of `x` and `inner`, which has `a` and `b`. */
  async function nested(stage: Stage, options: SupervisorOptions = {}, restart: RestartType = 'permanent') {
    const children = [stage.spec('a'), stage.spec('b')]
    const start = () => Supervisor.start({ name: 'inner', clock: stage.clock, intensity: 1, children })
    const inner = { id: 'inner', restart, start }
    const outer = await stage.open([stage.spec('x'), inner], { name: 'outer', ...options })
    return { outer, told: noticesOf(outer) }
  }

  it('restarts its own children without its parent', async () => {
    const stage = new Stage()
    const { told } = await nested(stage)
    await stage.end('a')
    expect(stage.journal()).toEqual(['a failed', 'a start'])
    expect(told).toEqual([])
  })

  it('that gives up is restarted by its parent with all its children, and others are left alone', async () => {
    const stage = new Stage()
    const { outer, told } = await nested(stage)
    await stage.end('a')
    stage.journal()
    await stage.end('a')
    expect(stage.journal()).toEqual(['a failed', 'b stop', 'b shutdown', 'a start', 'b start'])
    expect(told).toEqual(['inner exited: failed', 'inner restarting in 0', 'inner started'])
    expect(outer.children()).toMatchObject([{ restarts: 0 }, { id: 'inner', restarts: 1, phase: 'running' }])
  })

  it('that gives up has ended as shutdown for its parent: a transient one is not restarted', async () => {
    const stage = new Stage()
    const { outer, told } = await nested(stage, {}, 'transient')
    await stage.end('a')
    await stage.end('a')
    expect(told).toEqual(['inner exited: failed'])
    expect(outer.children()).toMatchObject([{ phase: 'running' }, { id: 'inner', phase: 'stopped' }])
  })

  it('that gives up too often is the end of its parent, with the whole chain of causes', async () => {
    const stage = new Stage()
    const { outer } = await nested(stage, { intensity: 0 })
    await stage.end('a')
    await stage.end('a')
    expect(await outer.exit).toMatchObject({
      error: {
        code: 'RESTART_INTENSITY',
        child: 'inner',
        cause: { code: 'RESTART_INTENSITY', child: 'a', cause: CRASH },
      },
    })
    expect(stage.journal().slice(-2)).toEqual(['x stop', 'x shutdown'])
  })

  it('is stopped whole before what was started before it', async () => {
    const stage = new Stage()
    const { outer } = await nested(stage)
    await outer.stop()
    expect(stage.journal().filter((line) => line.endsWith('stop'))).toEqual(['b stop', 'a stop', 'x stop'])
  })

  it('is killed whole', async () => {
    const stage = new Stage()
    const { outer } = await nested(stage)
    outer.kill()
    expect(await outer.exit).toEqual({ reason: 'killed' })
    expect(
      stage
        .journal()
        .filter((line) => line.endsWith('killed'))
        .sort(),
    ).toEqual(['a killed', 'b killed', 'x killed'])
  })
})
