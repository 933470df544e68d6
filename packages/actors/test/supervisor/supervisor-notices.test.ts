import { type ChildInfo, type Supervised, Supervisor, type SupervisorNotice } from '@troupe/actors/supervisor'
import { expect, expectTypeOf, it } from 'vitest'
import { failed, noticesOf, Stage, settled } from './staged-supervisor.js'

it('tells what happens to children, in order, up to the end', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a')], { backoff: { minMs: 100 } })
  const told = noticesOf(supervisor)
  await supervisor.startChild(stage.spec('b'))
  await stage.end('a')
  await stage.advance(100)
  await stage.end('a', { reason: 'killed' })
  await supervisor.exit
  expect(told).toEqual([
    'b started',
    ...['a exited: failed', 'a restarting in 100', 'a started'],
    ...['a exited: killed', 'a gave_up', 'b exited: shutdown'],
  ])
})

it('tells the child that started, the end itself, and the error that it gave up with', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a')])
  const told: SupervisorNotice[] = []
  supervisor.subscribe((notice) => told.push(notice))
  await stage.end('a')
  const second = stage.child('a')
  await stage.end('a')
  const exit = await supervisor.exit
  expect(told[0]).toEqual({ type: 'exited', id: 'a', exit: failed })
  expect((told[2] as { child: Supervised }).child).toBe(second)
  expect(told[4]).toEqual({ type: 'gave_up', id: 'a', error: 'error' in exit && exit.error })
})

it('tells nothing more to a listener that has ended', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a')])
  const told: string[] = []
  const end = supervisor.subscribe(({ type }) => {
    told.push(type)
    end()
  })
  await stage.end('a')
  expect(told).toEqual(['exited'])
})

it('goes on when a listener throws, and tells the others', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a')])
  supervisor.subscribe(() => {
    throw new Error('a bad listener')
  })
  const told = noticesOf(supervisor)
  await stage.end('a')
  expect(told).toEqual(['a exited: failed', 'a restarting in 0', 'a started'])
  expect(supervisor.children()).toMatchObject([{ phase: 'running', restarts: 1 }])
  expect(stage.logged.filter((line) => line === 'error: a listener of a supervisor failed')).toHaveLength(3)
})

it.each(['exited', 'restarting', 'started'] as const)('lets a listener stop the child that has %s', async (when) => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a')], { backoff: { minMs: 100 } })
  supervisor.subscribe(({ type, id }) => type === when && void supervisor.stopChild(id))
  await stage.end('a')
  await stage.advance(when === 'started' ? 100 : 0)
  const phases = supervisor.children().map(({ phase }) => phase)
  expect([phases, stage.clock.pending, supervisor.state]).toEqual([['stopped'], 0, 'running'])
})

it('tells of no restart of a child that is stopped, but that it has ended', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a')])
  const told = noticesOf(supervisor)
  await supervisor.stopChild('a')
  await settled()
  expect(told).toEqual(['a exited: shutdown'])
})

it('logs each end once, as a warning when it was no wish', async () => {
  const stage = new Stage()
  const supervisor = await stage.open(
    ['a', 'b', 'c', 'd'].map((id) => stage.spec(id, { restart: 'temporary' })),
    { intensity: 9 },
  )
  for (const [id, reason] of [
    ['a', 'normal'],
    ['b', 'killed'],
  ] as const)
    await stage.end(id, { reason })
  await stage.end('c')
  await supervisor.stop()
  expect(stage.logged).toEqual(['info: child ended', 'warn: child ended', 'warn: child ended'])
})

it('has types that tell a notice by its type', () => {
  expectTypeOf<Extract<SupervisorNotice, { type: 'restarting' }>['delayMs']>().toEqualTypeOf<number>()
  expectTypeOf<ChildInfo['phase']>().toEqualTypeOf<'starting' | 'running' | 'waiting' | 'stopping' | 'stopped'>()
  expectTypeOf<Supervisor>().toExtend<Supervised & AsyncDisposable>()
  // @ts-expect-error A supervisor is started, not constructed: there is none that is half open.
  expect(() => new Supervisor({ intensity: -1 })).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
})
