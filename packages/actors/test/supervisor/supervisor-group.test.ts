/**
 * one_for_all and rest_for_one: restarts of several children, which are one thing that is done before the next.
 */
import type { Supervisor } from '@troupe/actors/supervisor'
import { deferred } from '@troupe/core'
import { describe, expect, it } from 'vitest'
import { CRASH, failed, isSettled, type Manners, noticesOf, Stage, settled, slow } from './staged-supervisor.js'

const shutdown = { reason: 'shutdown' } as const
const GROUPS = ['one_for_all', 'rest_for_one'] as const
const phases = (supervisor: Supervisor) => supervisor.children().map(({ id, phase }) => `${id} ${phase}`)

/** Starts that follow a list, by how often the child was started before: 'ok' without one. */
function plan(...starts: readonly ('ok' | 'fails' | Promise<unknown>)[]): Manners {
  return {
    start: async ({ restarts }) => {
      const how = starts[restarts] ?? 'ok'
      if (how === 'fails') throw CRASH
      if (how !== 'ok') await how
    },
  }
}

describe('one_for_all', () => {
  it('stops all others in reverse and starts all in order, each when the one before it runs', async () => {
    const stage = new Stage()
    const gate = deferred()
    const children = [stage.spec('a', {}, plan('ok', gate.promise)), stage.spec('b'), stage.spec('c')]
    const supervisor = await stage.open(children, { strategy: 'one_for_all' })
    const told = noticesOf(supervisor)
    await stage.end('b')
    expect(stage.journal()).toEqual(['b failed', 'c stop', 'c shutdown', 'a stop', 'a shutdown', 'a start'])
    expect(phases(supervisor)).toEqual(['a starting', 'b stopped', 'c stopped'])
    gate.resolve()
    await settled()
    expect(stage.journal()).toEqual(['b start', 'c start'])
    expect(supervisor.children()).toMatchObject([{ restarts: 1 }, { restarts: 1 }, { restarts: 1 }])
    expect(told).toEqual([
      ...['b exited: failed', 'b restarting in 0', 'c exited: shutdown', 'a exited: shutdown'],
      ...['a started', 'b started', 'c started'],
    ])
  })

  it('is one restart for the intensity, however many children there are', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a'), stage.spec('b'), stage.spec('c')], {
      ...{ strategy: 'one_for_all', intensity: 2 },
    })
    await stage.end('a')
    await stage.end('b')
    expect(supervisor.state).toBe('running')
    await stage.end('c')
    expect(supervisor.state).toBe('failed')
  })

  it('stops a child that takes its time, and kills it when that is over', async () => {
    const stage = new Stage()
    const deafOnce: Manners = { stop: () => new Promise(() => undefined) }
    const children = [stage.spec('a'), stage.spec('b', { shutdownMs: 70 }, deafOnce)]
    await stage.open(children, { strategy: 'one_for_all' })
    await stage.end('a')
    expect(stage.journal()).toEqual(['a failed', 'b stop'])
    await stage.advance(1_070)
    expect(stage.journal()).toEqual(['b kill', 'b killed', 'a start', 'b start'])
  })
})

describe('rest_for_one', () => {
  it('stops those that were started after it in reverse, and starts it and them in order', async () => {
    const stage = new Stage()
    const ids = ['a', 'b', 'c', 'd']
    const supervisor = await stage.open(
      ids.map((id) => stage.spec(id)),
      { strategy: 'rest_for_one' },
    )
    await stage.end('b')
    expect(stage.journal()).toEqual([
      ...['b failed', 'd stop', 'd shutdown', 'c stop', 'c shutdown', 'b start', 'c start', 'd start'],
    ])
    expect(supervisor.children().map(({ restarts }) => restarts)).toEqual([0, 1, 1, 1])
  })

  it('counts a child that came by startChild as started after the others', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a'), stage.spec('b')], { strategy: 'rest_for_one' })
    await supervisor.startChild(stage.spec('c'))
    stage.journal()
    await stage.end('b')
    expect(stage.journal()).toEqual(['b failed', 'c stop', 'c shutdown', 'b start', 'c start'])
  })
})

describe.each(GROUPS)('a group restart (%s)', (strategy) => {
  it('stops a temporary child and forgets it', async () => {
    const stage = new Stage()
    const children = [stage.spec('a'), stage.spec('t', { restart: 'temporary' }), stage.spec('c')]
    const supervisor = await stage.open(children, { strategy })
    await stage.end('a')
    expect(stage.journal()).toEqual([
      ...['a failed', 'c stop', 'c shutdown', 't stop', 't shutdown', 'a start', 'c start'],
    ])
    expect(phases(supervisor)).toEqual(['a running', 'c running'])
  })

  it('starts what was stopped before, has ended by itself, or was ignored: all that keeps its spec', async () => {
    const stage = new Stage()
    let runs = false
    const ignored = stage.spec('ignored')
    const start: typeof ignored.start = (context) => (runs ? ignored.start(context) : Promise.resolve('ignore'))
    const transient = stage.spec('ended', { restart: 'transient' })
    const children = [stage.spec('a'), stage.spec('stopped'), transient, { ...ignored, start }]
    const supervisor = await stage.open(children, { strategy })
    await supervisor.stopChild('stopped')
    await stage.end('ended', { reason: 'normal' })
    expect(phases(supervisor)).toEqual(['a running', 'stopped stopped', 'ended stopped', 'ignored stopped'])
    stage.journal()
    runs = true
    await stage.end('a')
    expect(stage.journal()).toEqual(['a failed', 'a start', 'stopped start', 'ended start', 'ignored start'])
    expect(supervisor.countChildren().active).toBe(4)
  })

  it('is not the end of a transient child that ends well', async () => {
    const stage = new Stage()
    const children = [stage.spec('a', { restart: 'transient' }), stage.spec('b')]
    const supervisor = await stage.open(children, { strategy, intensity: 0 })
    await stage.end('a', { reason: 'normal' })
    expect(stage.journal()).toEqual(['a normal'])
    expect(phases(supervisor)).toEqual(['a stopped', 'b running'])
  })

  it('does not count the ends of children that it is about to stop', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a'), stage.spec('b'), stage.spec('c', {}, slow)], {
      ...{ strategy, intensity: 1 },
    })
    stage.child('a').end(failed)
    await settled()
    stage.child('b').end(failed)
    stage.child('c').end(failed)
    await settled()
    expect(phases(supervisor)).toEqual(['a running', 'b running', 'c running'])
    expect(stage.journal()).toEqual([
      ...['a failed', 'c stop', 'b failed', 'c failed', 'a start', 'b start', 'c start'],
    ])
  })

  it('handles a child that dies again before the group is complete when it is', async () => {
    const stage = new Stage()
    const gate = deferred()
    const children = [stage.spec('a'), stage.spec('b', {}, plan('ok', gate.promise))]
    const supervisor = await stage.open(children, { strategy, intensity: 2 })
    await stage.end('a')
    stage.journal()
    await stage.end('a')
    expect(stage.journal()).toEqual(['a failed'])
    gate.resolve()
    await settled()
    expect(stage.journal()).toEqual(['b stop', 'b shutdown', 'a start', 'b start'])
    expect(supervisor.children()).toMatchObject([{ restarts: 2 }, { restarts: 2 }])
  })

  it('lets everybody wait who asks for something meanwhile, in turn', async () => {
    const stage = new Stage()
    const gate = deferred()
    const children = [stage.spec('a', {}, plan('ok', gate.promise)), stage.spec('b')]
    const supervisor = await stage.open(children, { strategy })
    await stage.end('a')
    stage.journal()
    const asked = [
      supervisor.startChild(stage.spec('c')),
      supervisor.stopChild('b'),
      supervisor.restartChild('b'),
      supervisor.deleteChild('b').catch(({ code }: { code: string }) => code),
      supervisor.stopChild('a'),
    ]
    for (const one of asked) expect(await isSettled(one)).toBe(false)
    expect(stage.journal()).toEqual([])
    gate.resolve()
    expect((await Promise.all(asked))[3]).toBe('CHILD_RUNNING')
    expect(stage.journal()).toEqual([
      ...['b start', 'c start', 'b stop', 'b shutdown', 'b start', 'a stop', 'a shutdown'],
    ])
  })

  it('that fails leaves those after the failing child unstarted, counts, and is tried again with that as its cause', async () => {
    const stage = new Stage()
    const children = [stage.spec('a'), stage.spec('b', {}, plan('ok', 'fails')), stage.spec('c')]
    const supervisor = await stage.open(children, { strategy, intensity: 2 })
    stage.child('a').end(failed)
    await settled()
    expect(phases(supervisor)).toEqual(['a running', 'b waiting', 'c stopped'])
    stage.journal()
    await stage.advance(0)
    const all = strategy === 'one_for_all' ? ['a stop', 'a shutdown', 'a start'] : []
    expect(stage.journal()).toEqual([...all, 'b start', 'c start'])
    expect(phases(supervisor)).toEqual(['a running', 'b running', 'c running'])
    await stage.end('c')
    expect(await supervisor.exit).toMatchObject({ error: { code: 'RESTART_INTENSITY', restarts: 3, child: 'c' } })
  })

  it('that always fails ends by the intensity, and lets the event loop go on', async () => {
    const stage = new Stage()
    const children = [stage.spec('a', {}, plan('ok', 'fails', 'fails', 'fails', 'fails')), stage.spec('b')]
    const supervisor = await stage.open(children, { strategy, intensity: 3 })
    stage.child('a').end(failed)
    for (let n = 0; n < 3; n++) {
      expect(supervisor.state).toBe('running')
      await settled()
      await stage.advance(0)
    }
    expect(await supervisor.exit).toMatchObject({ error: { restarts: 4, child: 'a', cause: CRASH } })
    expect(stage.incarnations('a')).toHaveLength(1)
  })

  it('that is tried again may be given up: the child is stopped, and those after it stay as they are', async () => {
    const stage = new Stage()
    const children = [stage.spec('a', {}, plan('ok', 'fails')), stage.spec('b')]
    const supervisor = await stage.open(children, { strategy })
    stage.child('a').end(failed)
    await settled()
    await expect(supervisor.restartChild('a')).rejects.toMatchObject({ code: 'CHILD_RESTARTING' })
    await supervisor.stopChild('a')
    await stage.advance(0)
    expect(phases(supervisor)).toEqual(['a stopped', 'b stopped'])
    expect(stage.clock.pending).toBe(0)
  })

  it('waits for the backoff of the child that ended between the stops and the starts', async () => {
    const stage = new Stage()
    const children = [stage.spec('a', { backoff: { minMs: 100 } }), stage.spec('b', { backoff: { minMs: 7 } })]
    const supervisor = await stage.open(children, { strategy })
    await stage.end('a')
    expect(stage.journal()).toEqual(['a failed', 'b stop', 'b shutdown'])
    expect(phases(supervisor)).toEqual(['a waiting', 'b stopped'])
    await stage.advance(99)
    expect(stage.journal()).toEqual([])
    await stage.advance(1)
    expect(stage.journal()).toEqual(['a start', 'b start'])
  })

  it.each(['stop', 'kill'] as const)(
    'does not hold up the %s of the supervisor with a start that hangs',
    async (how) => {
      const stage = new Stage()
      const gate = deferred()
      const children = [stage.spec('a', { shutdownMs: 50 }, plan('ok', gate.promise)), stage.spec('b')]
      const supervisor = await stage.open(children, { strategy })
      await stage.end('a')
      const waiting = supervisor.startChild(stage.spec('c')).catch(({ code }: { code: string }) => code)
      const ended = supervisor.exit
      if (how === 'stop') void supervisor.stop()
      else supervisor.kill()
      await stage.advance(1_050)
      expect(await ended).toEqual({ reason: how === 'stop' ? 'shutdown' : 'killed' })
      expect(await waiting).toBe('CLOSED')
      gate.resolve()
      await settled()
      expect(stage.journal().slice(-3)).toEqual(['a kill', 'a stop', 'a killed'])
    },
  )
})

it('a first start that hangs is waited for in a group, as in OTP, and not with one_for_one', async () => {
  const stage = new Stage()
  const open = (strategy: 'one_for_one' | 'one_for_all') =>
    stage.open([stage.spec(strategy), stage.spec(`${strategy}-b`)], { strategy })
  const gate = deferred()
  for (const strategy of ['one_for_one', 'one_for_all'] as const) {
    const supervisor = await open(strategy)
    const started = supervisor.startChild(stage.spec('hangs', {}, { start: () => gate.promise }))
    void started.catch(() => undefined)
    stage.journal()
    await stage.end(strategy)
    const restarts = strategy === 'one_for_one' ? [`${strategy} start`] : []
    expect(stage.journal()).toEqual([`${strategy} failed`, ...restarts])
  }
  gate.resolve()
  await settled()
})

it('a child that ended while it was stopped with its group is not taken for its next incarnation', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a'), stage.spec('b', {}, slow)], { strategy: 'one_for_all' })
  await stage.end('a')
  const first = stage.child('b')
  first.end(shutdown)
  await settled()
  expect(stage.incarnations('b')).toHaveLength(2)
  expect(phases(supervisor)).toEqual(['a running', 'b running'])
  expect(supervisor.children()[1]?.child).not.toBe(first)
})
