/**
 * The cases of OTP's supervisor_SUITE that are about a table: each restart type, each way to end, each strategy. Behind
 * each title stands the name of its case there.
 */
import type { Exit, RestartType, Strategy, Supervisor } from '@troupe/actors/supervisor'
import { deferred } from '@troupe/core'
import { describe, expect, it } from 'vitest'
import { CRASH, EXITS, type Manners, Stage, settled } from './staged-supervisor.js'

const TYPES: readonly RestartType[] = ['permanent', 'transient', 'temporary']
const STRATEGIES: readonly Strategy[] = ['one_for_one', 'one_for_all', 'rest_for_one']
const isRestarted = (type: RestartType, { reason }: Exit) =>
  type === 'permanent' || (type === 'transient' && (reason === 'killed' || reason === 'failed'))

const phases = (supervisor: Supervisor) => supervisor.children().map(({ id, phase }) => `${id} ${phase}`)

/** What is stopped and started when `b` of `a`, `b`, `c` is restarted. */
const RESTART: Readonly<Record<Strategy, readonly string[]>> = {
  one_for_one: ['b start'],
  one_for_all: ['c stop', 'c shutdown', 'a stop', 'a shutdown', 'a start', 'b start', 'c start'],
  rest_for_one: ['c stop', 'c shutdown', 'b start', 'c start'],
}
const TABLE = STRATEGIES.flatMap((strategy) =>
  TYPES.flatMap((restart) =>
    EXITS.map((exit) => ({ strategy, restart, exit, reason: exit.reason, is: isRestarted(restart, exit) })),
  ),
)

describe('a child that ends', () => {
  it.each(TABLE)(
    '($strategy, $restart, as $reason) is restarted: $is (permanent_normal ... temporary_abnormal)',
    async ({ strategy, restart, exit, is }) => {
      const stage = new Stage()
      const supervisor = await stage.open([stage.spec('a'), stage.spec('b', { restart }), stage.spec('c')], {
        strategy,
      })
      await stage.end('b', exit)
      expect(stage.journal()).toEqual([`b ${exit.reason}`, ...(is ? RESTART[strategy] : [])])
      const b = is ? ['b running'] : restart === 'temporary' ? [] : ['b stopped']
      expect(phases(supervisor)).toEqual(['a running', ...b, 'c running'])
    },
  )

  it.each(STRATEGIES)('too often is the end of its supervisor (%s_escalation)', async (strategy) => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a'), stage.spec('b')], { strategy, intensity: 4, periodMs: 1_000 })
    for (let n = 0; n < 4; n++) await stage.end('a')
    expect(supervisor.state).toBe('running')
    stage.journal()
    await stage.end('a')
    expect(stage.journal()).toEqual(['a failed', 'b stop', 'b shutdown'])
    expect(await supervisor.exit).toMatchObject({ reason: 'failed', error: { code: 'RESTART_INTENSITY', restarts: 5 } })
  })

  it.each(STRATEGIES)('while it can be restarted forgets ends older than the period (%s)', async (strategy) => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a'), stage.spec('b')], { strategy, intensity: 1, periodMs: 1_000 })
    for (let n = 0; n < 4; n++) {
      await stage.end('a')
      await stage.advance(1_001)
    }
    expect(phases(supervisor)).toEqual(['a running', 'b running'])
  })
})

describe('a restart', () => {
  /** Starts whose try number n fails, from 0. */
  const failing = (...tries: number[]): Manners => ({
    start: async ({ restarts }) => {
      if (tries.includes(restarts)) throw CRASH
    },
  })

  it.each(['one_for_all', 'rest_for_one'] as const)(
    'in which another child fails to start goes on with that (%s_other_child_fails_restart)',
    async (strategy) => {
      const stage = new Stage()
      const children = [stage.spec('a'), stage.spec('b', {}, failing(1, 2)), stage.spec('c')]
      const supervisor = await stage.open(children, { strategy, intensity: 3 })
      await stage.end('a')
      for (let n = 0; n < 2; n++) await stage.advance(0)
      expect(phases(supervisor)).toEqual(['a running', 'b running', 'c running'])
      const starts = stage.journal().filter((line) => line.endsWith('start'))
      const again = strategy === 'one_for_all' ? ['a start', 'b start'] : ['b start']
      expect(starts).toEqual(['a start', 'b start', ...again, ...again, 'c start'])
    },
  )

  it.each(STRATEGIES)(
    'that fails again and again hangs nothing: a command comes between (hanging_restart_loop, %s)',
    async (strategy) => {
      const stage = new Stage()
      const always = failing(...Array.from({ length: 999 }, (_, index) => index + 1))
      const supervisor = await stage.open([stage.spec('a'), stage.spec('b', {}, always)], {
        strategy,
        intensity: 1_000,
      })
      stage.child('b').end({ reason: 'killed' })
      await settled()
      for (let n = 0; n < 5; n++) await stage.advance(0)
      await expect(supervisor.restartChild('b')).rejects.toMatchObject({ code: 'CHILD_RESTARTING' })
      await expect(supervisor.startChild(stage.spec('b'))).rejects.toMatchObject({ code: 'CHILD_EXISTS' })
      await supervisor.stopChild('b')
      await supervisor.deleteChild('b')
      await supervisor.stop()
      expect(await supervisor.exit).toEqual({ reason: 'shutdown' })
    },
  )

  it.each(['one_for_all', 'rest_for_one'] as const)(
    'does not bring back a temporary bystander (temporary_bystander, %s)',
    async (strategy) => {
      const stage = new Stage()
      const temporary = stage.spec('t', { restart: 'temporary' })
      const children = strategy === 'one_for_all' ? [temporary, stage.spec('a')] : [stage.spec('a'), temporary]
      const supervisor = await stage.open(children, { strategy })
      await stage.end('a')
      expect(phases(supervisor)).toEqual(['a running'])
      expect(stage.incarnations('t')).toHaveLength(1)
    },
  )

  it.each(STRATEGIES)('of a child that ends as it has started is one more restart (%s)', async (strategy) => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a')], { strategy, intensity: 50 })
    for (let n = 0; n < 50; n++) await stage.end('a')
    expect(supervisor.children()).toMatchObject([{ phase: 'running', restarts: 50 }])
    await stage.end('a')
    expect(supervisor.state).toBe('failed')
  })
})

it.each(STRATEGIES)('starts and stops many children (scale_start_stop_many_children, %s)', async (strategy) => {
  const stage = new Stage()
  const supervisor = await stage.open([], { strategy })
  const ids = Array.from({ length: 2_000 }, (_, index) => `child-${index}`)
  await Promise.all(ids.map((id) => supervisor.startChild(stage.spec(id, { restart: 'temporary' }))))
  expect(supervisor.countChildren()).toMatchObject({ specs: 2_000, active: 2_000 })
  stage.journal()
  await Promise.all(ids.slice(1_000).map((id) => supervisor.stopChild(id)))
  expect(supervisor.countChildren()).toMatchObject({ specs: 1_000, active: 1_000 })
  await supervisor.stop()
  expect(
    stage
      .journal()
      .filter((line) => line.endsWith('stop'))
      .at(-1),
  ).toBe('child-0 stop')
})

it('a child that crashes is restarted in the turn of its end: no timer is set, and no other turn comes between', async () => {
  const stage = new Stage()
  await stage.open([stage.spec('a')])
  const again = deferred()
  setImmediate(() => stage.note('the next turn'))
  stage.child('a').end({ reason: 'killed' })
  setImmediate(() => again.resolve())
  await again.promise
  expect(stage.journal()).toEqual(['a killed', 'a start', 'the next turn'])
  expect(stage.clock.pending).toBe(0)
})
