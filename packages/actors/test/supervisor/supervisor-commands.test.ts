import { Supervisor, type SupervisorOptions } from '@troupe/actors/supervisor'
import { deferred } from '@troupe/core'
import { describe, expect, it } from 'vitest'
import { CRASH, isSettled, type Manners, never, noticesOf, Stage, settled, slow } from './staged-supervisor.js'

const shutdown = { reason: 'shutdown' } as const
const phases = (supervisor: Supervisor) => supervisor.children().map(({ id, phase }) => `${id} ${phase}`)
const failsAgain: Manners = { start: async ({ restarts }) => (restarts > 0 ? Promise.reject(CRASH) : undefined) }

/** A child whose start says `ignore` until the switch is on. */
function ignoring(stage: Stage, id: string, rules = {}) {
  const spec = stage.spec(id, rules)
  const on = { is: false }
  const start: typeof spec.start = (context) => (on.is ? spec.start(context) : Promise.resolve('ignore' as const))
  return { on, spec: { ...spec, start } }
}

describe('restartChild', () => {
  it('starts a child that was stopped, in its place, and resolves with it', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a'), stage.spec('b')])
    await supervisor.stopChild('a')
    expect(await supervisor.restartChild('a')).toBe(stage.child('a'))
    expect(supervisor.children()).toMatchObject([{ id: 'a', phase: 'running', restarts: 1 }, { id: 'b' }])
    expect(stage.contexts.at(-1)?.restarts).toBe(1)
    await stage.end('a')
    expect(stage.incarnations('a')).toHaveLength(3)
  })

  it('starts a transient child that had ended by itself', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a', { restart: 'transient' })])
    await stage.end('a', { reason: 'normal' })
    await supervisor.restartChild('a')
    expect(phases(supervisor)).toEqual(['a running'])
  })

  it('raises why a child could not be started, which stays stopped and is not tried again', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a', {}, failsAgain)], { intensity: 0 })
    await supervisor.stopChild('a')
    await expect(supervisor.restartChild('a')).rejects.toBe(CRASH)
    expect([phases(supervisor), stage.clock.pending, supervisor.state]).toEqual([['a stopped'], 0, 'running'])
  })

  it('waits for a child that stops, then starts it', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a', {}, slow)])
    const stopped = supervisor.stopChild('a')
    const restarted = supervisor.restartChild('a')
    expect(await isSettled(restarted)).toBe(false)
    stage.child('a').end(shutdown)
    await stopped
    expect(await restarted).toBe(stage.child('a'))
  })
})

describe.each(['restartChild', 'deleteChild'] as const)('%s', (command) => {
  it('refuses an id that is not there', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([], { name: 'tree' })
    await expect(supervisor[command]('a')).rejects.toMatchObject({
      ...{ code: 'UNKNOWN_CHILD', message: 'tree has no child with the id a' },
    })
  })

  it('refuses a child that runs, or starts for the first time', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a')])
    await expect(supervisor[command]('a')).rejects.toMatchObject({ code: 'CHILD_RUNNING' })
    const gate = deferred()
    const started = supervisor.startChild(stage.spec('b', {}, { start: () => gate.promise }))
    await expect(supervisor[command]('b')).rejects.toMatchObject({ code: 'CHILD_RUNNING' })
    gate.resolve()
    await started
  })

  it('refuses a child that waits for its restart, or is restarted', async () => {
    const stage = new Stage()
    const hangs: Manners = { start: async ({ restarts }) => restarts > 0 && never() }
    const children = [stage.spec('a', {}, failsAgain), stage.spec('b', {}, hangs)]
    const supervisor = await stage.open(children, { intensity: 9 })
    for (const id of ['a', 'b']) stage.child(id).end({ reason: 'killed' })
    await settled()
    expect(phases(supervisor)).toEqual(['a waiting', 'b starting'])
    for (const id of ['a', 'b']) {
      await expect(supervisor[command](id)).rejects.toMatchObject({ code: 'CHILD_RESTARTING' })
    }
    supervisor.kill()
    await stage.advance(1_000)
  })

  it('refuses a temporary child that was stopped: it is forgotten', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a', { restart: 'temporary' })])
    await supervisor.stopChild('a')
    await expect(supervisor[command]('a')).rejects.toMatchObject({ code: 'UNKNOWN_CHILD' })
  })
})

it('deleteChild forgets a child that is stopped, and its id is free', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a'), stage.spec('b')])
  await supervisor.stopChild('a')
  await expect(supervisor.startChild(stage.spec('a'))).rejects.toMatchObject({
    ...{ code: 'CHILD_EXISTS', message: 'root has a child with the id a, which is stopped' },
  })
  await supervisor.deleteChild('a')
  await supervisor.startChild(stage.spec('a'))
  expect(phases(supervisor)).toEqual(['b running', 'a running'])
  await expect(supervisor.startChild(stage.spec('b'))).rejects.toMatchObject({
    message: 'root has a child with the id b, which runs',
  })
})

it('stopChild of a child that is stopped does nothing', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a')])
  await supervisor.stopChild('a')
  stage.journal()
  await supervisor.stopChild('a')
  expect([stage.journal(), phases(supervisor)]).toEqual([[], ['a stopped']])
})

it('a child that was stopped is not restarted by itself, nor started when another ends', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a'), stage.spec('b')], { intensity: 9 })
  await supervisor.stopChild('a')
  await stage.end('b')
  expect(phases(supervisor)).toEqual(['a stopped', 'b running'])
})

it('startChild resolves with the child', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([])
  expect(await supervisor.startChild(stage.spec('a'))).toBe(stage.child('a'))
})

it('a supervisor that has stopped is closed to all that is asked of it', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a')])
  await supervisor.stop()
  const closed = { code: 'CLOSED' }
  await expect(supervisor.startChild(stage.spec('b'))).rejects.toMatchObject(closed)
  for (const command of ['stopChild', 'restartChild', 'deleteChild'] as const) {
    await expect(supervisor[command]('a')).rejects.toMatchObject(closed)
  }
  expect(supervisor.children()).toEqual([])
})

describe('a start that says ignore', () => {
  it('keeps the spec without a child, which may be started later', async () => {
    const stage = new Stage()
    const { on, spec } = ignoring(stage, 'a')
    const supervisor = await stage.open([spec, stage.spec('b')])
    const told = noticesOf(supervisor)
    expect(supervisor.children()).toMatchObject([{ id: 'a', phase: 'stopped', child: undefined }, { id: 'b' }])
    expect(await supervisor.restartChild('a')).toBeUndefined()
    on.is = true
    expect(await supervisor.restartChild('a')).toBe(stage.child('a'))
    expect(told).toEqual(['a started'])
  })

  it('does not keep a temporary one', async () => {
    const stage = new Stage()
    const temporary = { restart: 'temporary' }
    const supervisor = await stage.open([ignoring(stage, 'a', temporary).spec])
    expect(await supervisor.startChild(ignoring(stage, 'b', temporary).spec)).toBeUndefined()
    expect(supervisor.children()).toEqual([])
  })

  it('is no child for startChild, nor in a restart', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([])
    const { on, spec } = ignoring(stage, 'a')
    expect(await supervisor.startChild(spec)).toBeUndefined()
    on.is = true
    await supervisor.restartChild('a')
    on.is = false
    await stage.end('a')
    expect(phases(supervisor)).toEqual(['a stopped'])
    expect(supervisor.countChildren()).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 1 })
  })
})

describe('countChildren', () => {
  it('counts specs, those that run, supervisors and workers', async () => {
    const stage = new Stage()
    const start = () => Supervisor.start({ clock: stage.clock })
    const children = [stage.spec('a'), stage.spec('b'), { id: 'c', start }, { id: 'd', start }]
    const supervisor = await stage.open(children, { backoff: { minMs: 100 } })
    expect(supervisor.countChildren()).toEqual({ specs: 4, active: 4, supervisors: 2, workers: 2 })
    await supervisor.stopChild('c')
    await stage.end('b')
    expect(supervisor.countChildren()).toEqual({ specs: 4, active: 2, supervisors: 2, workers: 2 })
  })
})

it('a child that is a supervisor has for ever to stop, unless its spec says otherwise', async () => {
  const stage = new Stage()
  const inner = (id: string) => ({
    name: id,
    clock: stage.clock,
    children: [stage.spec(id, { shutdownMs: 9e6 }, slow)],
  })
  const children = [
    { id: 'first', start: () => Supervisor.start(inner('a')) },
    { id: 'second', shutdownMs: 50, start: () => Supervisor.start(inner('b')) },
  ]
  const supervisor = await stage.open(children)
  const stopped = supervisor.stop()
  await stage.advance(49)
  expect(stage.journal()).toEqual(['b stop'])
  await stage.advance(1_001)
  // It kills itself after its time, and its parent once more.
  expect([...new Set(stage.journal())]).toEqual(['b kill', 'b killed', 'a stop'])
  await stage.advance(1e6)
  expect(await isSettled(stopped)).toBe(false)
  stage.child('a').end(shutdown)
  await stopped
  expect(stage.journal()).toEqual(['a shutdown'])
})

describe('options that exclude each other', () => {
  const child = { id: 'a', start: never }
  it.each<[string, SupervisorOptions, string[]]>([
    [
      'a permanent child that is significant',
      { autoShutdown: 'any_significant', children: [{ ...child, significant: true }] },
      ['children.0.significant', 'children.0.restart'],
    ],
    [
      'a significant child without autoShutdown',
      { children: [{ ...child, restart: 'transient', significant: true }] },
      ['children.0.significant', 'autoShutdown'],
    ],
    [
      'a backoff whose least is more than its most',
      { backoff: { minMs: 2, maxMs: 1 } },
      ['backoff.minMs', 'backoff.maxMs'],
    ],
    [
      "a child's backoff whose least is more than its most",
      { children: [{ ...child, backoff: { minMs: 40_000 } }] },
      ['children.0.backoff.minMs', 'children.0.backoff.maxMs'],
    ],
  ])('are refused, each by its path: %s', async (_what, options, paths) => {
    await expect(Supervisor.start(options)).rejects.toMatchObject({
      ...{ code: 'INVALID_OPTIONS', issues: paths.map((path) => ({ path })) },
    })
  })

  it('are refused by startChild too', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([])
    const spec = stage.spec('a', { restart: 'transient', significant: true })
    await expect(supervisor.startChild(spec)).rejects.toMatchObject({
      ...{ code: 'INVALID_OPTIONS', issues: [{ path: 'significant' }] },
    })
    expect(stage.journal()).toEqual([])
  })
})
