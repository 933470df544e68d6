import { type ChildSpec, Supervisor, type SupervisorOptions } from '@troupe/actors/supervisor'
import { deferred } from '@troupe/core'
import { describe, expect, it } from 'vitest'
import { isSettled, never, noticesOf, Stage, settled, slow } from './staged-supervisor.js'

const refuses = (error: unknown) => ({ start: () => Promise.reject(error) })

describe('the start of a supervisor', () => {
  it('starts its children in order, each when the one before it runs', async () => {
    const stage = new Stage()
    const gates = [deferred(), deferred()]
    const started = stage.open(
      ['a', 'b'].map((id, index) => stage.spec(id, {}, { start: () => gates[index]!.promise })),
    )
    await settled()
    expect(stage.journal()).toEqual(['a start'])
    gates[0]!.resolve()
    await settled()
    expect(stage.journal()).toEqual(['b start'])
    expect(await isSettled(started)).toBe(false)
    gates[1]!.resolve()
    const supervisor = await started
    expect(supervisor.children().map(({ id, phase }) => `${id} ${phase}`)).toEqual(['a running', 'b running'])
  })

  it('stops those before a child that cannot be started, in reverse, then raises its error', async () => {
    const stage = new Stage()
    const failure = new Error('no port')
    const children = [
      stage.spec('a'),
      stage.spec('b', {}, slow),
      stage.spec('c', {}, refuses(failure)),
      stage.spec('d'),
    ]
    const started = stage.open(children)
    await settled()
    expect(stage.journal()).toEqual(['a start', 'b start', 'c start', 'b stop'])
    expect(await isSettled(started)).toBe(false)
    stage.child('b').end({ reason: 'shutdown' })
    await expect(started).rejects.toBe(failure)
    expect(stage.journal()).toEqual(['b shutdown', 'a stop', 'a shutdown'])
    expect(stage.clock.pending).toBe(0)
  })

  it('is failed by a start that throws at once as by one that rejects', async () => {
    const failure = new Error('threw')
    const start = (): never => {
      throw failure
    }
    await expect(Supervisor.start({ children: [{ id: 'a', start }] })).rejects.toBe(failure)
  })

  it.each([undefined, {}, { exit: 1, stop: never }, { exit: never() }])(
    'refuses a child that is no child: %o',
    async (it) => {
      const start = async () => it as never
      await expect(Supervisor.start({ children: [{ id: 'a', start }] })).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
        issues: [{ path: 'start' }],
      })
    },
  )

  it('refuses two children of one id, before it starts any', async () => {
    const stage = new Stage()
    await expect(stage.open([stage.spec('a'), stage.spec('b'), stage.spec('a')])).rejects.toMatchObject({
      code: 'CHILD_EXISTS',
      message: expect.stringContaining('a'),
    })
    expect(stage.journal()).toEqual([])
  })

  it('gives the first start of each child a signal that is not aborted, and no restarts', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a')])
    expect(stage.contexts).toEqual([
      { restarts: 0, signal: expect.any(AbortSignal), place: { path: 'root/a', tree: expect.anything() } },
    ])
    await supervisor.stop()
    expect(stage.contexts[0]?.signal.aborted).toBe(false)
  })

  it.each([0, 1])('handles ends that come meanwhile when all run (intensity %i)', async (intensity) => {
    const stage = new Stage()
    const gate = deferred()
    const started = stage.open([stage.spec('a'), stage.spec('b', {}, { start: () => gate.promise })], { intensity })
    await settled()
    stage.child('a').end({ reason: 'killed' })
    await settled()
    expect(stage.journal()).toEqual(['a start', 'b start', 'a killed'])
    gate.resolve()
    const supervisor = await started
    await settled()
    expect(stage.incarnations('a')).toHaveLength(intensity + 1)
    expect(supervisor.state).toBe(intensity === 0 ? 'failed' : 'running')
  })

  it.each<[string, object]>([
    ['name', { name: '' }],
    ['strategy', { strategy: 'simple_one_for_one' }],
    ['intensity', { intensity: -1 }],
    ['intensity', { intensity: 1.5 }],
    ['periodMs', { periodMs: 0 }],
    ['backoff.factor', { backoff: { factor: 0.5 } }],
    ['clock', { clock: {} }],
    ['random', { random: 4 }],
    ['log', { log: console }],
    ['children.0.id', { children: [{ id: '', start: never }] }],
    ['children.0.start', { children: [{ id: 'a' }] }],
    [
      'children.1.restart',
      {
        children: [
          { id: 'a', start: never },
          { id: 'b', start: never, restart: 'always' },
        ],
      },
    ],
    ['children.0.shutdownMs', { children: [{ id: 'a', start: never, shutdownMs: -1 }] }],
    ['children.0.backoff.jitter', { children: [{ id: 'a', start: never, backoff: { jitter: 2 } }] }],
    ['children.0.counts', { children: [{ id: 'a', start: never, counts: true }] }],
  ])('refuses %s out of range, by its path: %j', async (path, options) => {
    await expect(Supervisor.start(options as SupervisorOptions)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      issues: [{ path }],
    })
  })

  it('refuses an option that it does not know, also at compile time', async () => {
    // @ts-expect-error OTP says intensity.
    const misnamed: SupervisorOptions = { maxRestarts: 3 }
    // @ts-expect-error A child is not restarted "always".
    const spec: ChildSpec = { id: 'a', start: never, restart: 'always' }
    await expect(Supervisor.start(misnamed)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    await expect(Supervisor.start({ children: [spec] })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  })
})

describe('startChild', () => {
  it('resolves when the child runs, and adds it behind the others', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a')])
    const told = noticesOf(supervisor)
    const gate = deferred()
    const started = supervisor.startChild(stage.spec('b', {}, { start: () => gate.promise }))
    expect(await isSettled(started)).toBe(false)
    expect(supervisor.children().map(({ id, phase }) => `${id} ${phase}`)).toEqual(['a running', 'b starting'])
    gate.resolve()
    await started
    expect(told).toEqual(['b started'])
    await supervisor.stop()
    expect(stage.journal()).toEqual(['b start', 'b stop', 'b shutdown', 'a stop', 'a shutdown'])
  })

  it('starts several at a time', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([])
    const gate = deferred()
    const specs = ['a', 'b'].map((id) => stage.spec(id, {}, { start: () => gate.promise }))
    const started = Promise.all(specs.map((spec) => supervisor.startChild(spec)))
    expect(stage.journal()).toEqual(['a start', 'b start'])
    gate.resolve()
    await started
    expect(supervisor.children()).toHaveLength(2)
  })

  it('refuses an id that is there, and leaves the child that has it alone', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a')])
    await expect(supervisor.startChild(stage.spec('a'))).rejects.toMatchObject({ code: 'CHILD_EXISTS' })
    expect(stage.journal()).toEqual([])
    expect(supervisor.children()).toMatchObject([{ id: 'a', phase: 'running', child: stage.child('a') }])
  })

  it('forgets a child whose first start fails, and raises why', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a')])
    const failure = new Error('no port')
    await expect(supervisor.startChild(stage.spec('b', {}, refuses(failure)))).rejects.toBe(failure)
    expect([supervisor.state, supervisor.children().map(({ id }) => id)]).toEqual(['running', ['a']])
    await supervisor.startChild(stage.spec('b'))
    expect(supervisor.children()).toHaveLength(2)
  })

  it('refuses a spec that is none by its path, and any spec once the supervisor stops', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a', {}, slow)])
    await expect(supervisor.startChild({ id: 'b' } as ChildSpec)).rejects.toMatchObject({ issues: [{ path: 'start' }] })
    const stopped = supervisor.stop()
    await expect(supervisor.startChild(stage.spec('b'))).rejects.toMatchObject({ code: 'CLOSED' })
    stage.child('a').end({ reason: 'shutdown' })
    await stopped
    await expect(supervisor.startChild(stage.spec('b'))).rejects.toMatchObject({ code: 'CLOSED' })
    expect(stage.incarnations('b')).toEqual([])
  })
})
