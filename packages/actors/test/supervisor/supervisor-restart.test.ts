import type { Exit, RestartType } from '@troupe/actors/supervisor'
import { deferred } from '@troupe/core'
import { describe, expect, it } from 'vitest'
import { CRASH, EXITS, failed, noticesOf, Stage, settled } from './staged-supervisor.js'

const TYPES: readonly RestartType[] = ['permanent', 'transient', 'temporary']
const isKept = (type: RestartType, { reason }: Exit) =>
  type === 'permanent' || (type === 'transient' && (reason === 'killed' || reason === 'failed'))
const CASES = TYPES.flatMap((type) => EXITS.map((exit) => [type, exit.reason, isKept(type, exit), exit] as const))

describe('a child that ends', () => {
  it.each(CASES)('(%s, as %s) is restarted: %s, and the others are left alone', async (restart, _why, kept, exit) => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a'), stage.spec('b', { restart }), stage.spec('c')])
    await stage.end('b', exit)
    expect(stage.incarnations('b')).toHaveLength(kept ? 2 : 1)
    expect(stage.journal()).toEqual([`b ${exit.reason}`, ...(kept ? ['b start'] : [])])
    const phases = { a: 'running', ...(restart !== 'temporary' && { b: kept ? 'running' : 'stopped' }), c: 'running' }
    expect(Object.fromEntries(supervisor.children().map(({ id, phase }) => [id, phase]))).toEqual(phases)
    expect(supervisor.state).toBe('running')
  })

  it('keeps its place, and counts how often it was restarted', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a'), stage.spec('b')], { intensity: 5 })
    await stage.end('a')
    await stage.end('a')
    expect(supervisor.children()).toEqual([
      { id: 'a', phase: 'running', restarts: 2, child: stage.child('a') },
      { id: 'b', phase: 'running', restarts: 0, child: stage.child('b') },
    ])
    expect(stage.contexts.map(({ restarts }) => restarts)).toEqual([0, 0, 1, 2])
    await supervisor.stop()
    expect(stage.journal().filter((line) => line.endsWith('stop'))).toEqual(['b stop', 'a stop'])
  })

  it('that had ended before it was watched is restarted too', async () => {
    const stage = new Stage()
    const spec = stage.spec('a')
    const start: typeof spec.start = async (context) => {
      const child = await spec.start(context)
      if (context.restarts === 0) stage.child('a').end(failed)
      return child
    }
    await stage.open([{ ...spec, start }])
    await stage.advance(0)
    expect(stage.incarnations('a')).toHaveLength(2)
  })

  it('is restarted while another restarts, which it does not hold up', async () => {
    const stage = new Stage()
    const gate = deferred()
    const start = async ({ restarts }: { restarts: number }) => restarts > 0 && gate.promise
    const supervisor = await stage.open([stage.spec('a', {}, { start }), stage.spec('b')], { intensity: 2 })
    await stage.end('a')
    await stage.end('b')
    expect(supervisor.children().map(({ id, phase }) => `${id} ${phase}`)).toEqual(['a starting', 'b running'])
    gate.resolve()
    await settled()
    expect(supervisor.children().map(({ restarts, phase }) => [restarts, phase])).toEqual([
      [1, 'running'],
      [1, 'running'],
    ])
  })

  it('and whose exit rejects, against its word, has failed', async () => {
    const stage = new Stage()
    const broken = deferred<Exit>()
    const start = async () => ({ exit: broken.promise, stop: async () => undefined })
    const supervisor = await stage.open([{ id: 'a', start, restart: 'temporary' }])
    const told = noticesOf(supervisor)
    broken.reject(CRASH)
    await settled()
    expect(told).toEqual(['a exited: failed'])
    expect(supervisor.children()).toEqual([])
  })
})

describe('the intensity', () => {
  it('allows as many restarts within the period, of all children together, and not one more', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a'), stage.spec('b')], { intensity: 2, periodMs: 1_000 })
    await stage.end('a')
    await stage.end('b')
    await stage.advance(1_000)
    expect(supervisor.state).toBe('running')
    await stage.end('a')
    expect(supervisor.state).toBe('failed')
  })

  it('forgets restarts older than the period', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a')], { intensity: 1, periodMs: 1_000 })
    for (let n = 0; n < 5; n++) {
      await stage.end('a')
      await stage.advance(1_001)
    }
    expect([supervisor.state, supervisor.children()[0]?.restarts]).toEqual(['running', 5])
  })

  it('is one restart in five seconds, unless it is told otherwise', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a')])
    await stage.end('a')
    await stage.advance(5_001)
    await stage.end('a')
    expect(supervisor.state).toBe('running')
    await stage.advance(5_000)
    await stage.end('a')
    expect(supervisor.state).toBe('failed')
  })

  it('is not used up by children that are not restarted', async () => {
    const stage = new Stage()
    const children = ['a', 'b', 'c'].map((id) => stage.spec(id, { restart: 'temporary' }))
    const supervisor = await stage.open([...children, stage.spec('d')], { intensity: 0 })
    for (const id of ['a', 'b', 'c']) await stage.end(id)
    expect([supervisor.state, supervisor.children().map(({ id }) => id)]).toEqual(['running', ['d']])
  })

  it('counts a restart that fails, which is tried again', async () => {
    const stage = new Stage()
    const start = async ({ restarts }: { restarts: number }) => {
      if (restarts > 0 && restarts < 3) throw new Error('no port')
    }
    const supervisor = await stage.open([stage.spec('a', {}, { start })], { intensity: 3 })
    await stage.end('a')
    await stage.advance(0)
    await stage.advance(0)
    expect(supervisor.children()).toMatchObject([{ phase: 'running', restarts: 3 }])
    expect(stage.logged.filter((line) => line === 'warn: child could not be restarted')).toHaveLength(2)
    await stage.end('a')
    expect(await supervisor.exit).toMatchObject({ error: { code: 'RESTART_INTENSITY', restarts: 4 } })
  })

  it('ends the tries of a child that can never be restarted, with why it could not', async () => {
    const stage = new Stage()
    const failure = new Error('no port')
    const start = async ({ restarts }: { restarts: number }) => {
      if (restarts > 0) throw failure
    }
    const supervisor = await stage.open([stage.spec('a', {}, { start })], { intensity: 3 })
    await stage.end('a')
    for (let n = 0; n < 4; n++) await stage.advance(0)
    expect(await supervisor.exit).toMatchObject({ error: { code: 'RESTART_INTENSITY', cause: { cause: failure } } })
    expect(stage.journal().filter((line) => line === 'a start')).toHaveLength(3)
  })

  it('does not count the ends that a child excepts', async () => {
    const stage = new Stage()
    const counts = ({ reason }: Exit) => reason !== 'killed'
    const supervisor = await stage.open([stage.spec('a', { counts })], { intensity: 1 })
    for (let n = 0; n < 5; n++) await stage.end('a', { reason: 'killed' })
    await stage.end('a')
    expect([supervisor.state, stage.incarnations('a').length]).toEqual(['running', 7])
    await stage.end('a')
    expect(supervisor.state).toBe('failed')
  })

  it('counts an end that the rule of its child fails to judge, and the supervisor lives', async () => {
    const stage = new Stage()
    const counts = () => {
      throw new Error('cannot judge')
    }
    const supervisor = await stage.open([stage.spec('a', { counts })], { intensity: 1 })
    await stage.end('a')
    expect([supervisor.state, stage.incarnations('a').length]).toEqual(['running', 2])
    expect(stage.logged).toContain('error: counts of a child failed')
    await stage.end('a')
    expect(supervisor.state).toBe('failed')
  })
})
