import { type Exit, type RestartType, Supervisor } from '@troupe/actors/supervisor'
import { describe, expect, it } from 'vitest'
import { EXITS, noticesOf, Stage, slow } from './staged-supervisor.js'

const SIGNIFICANT = { significant: true } as const
const isEnd = (restart: RestartType, { reason }: Exit) =>
  restart === 'temporary' || reason === 'normal' || reason === 'shutdown'
const CASES = (['transient', 'temporary'] as const).flatMap((restart) =>
  EXITS.map((exit) => [restart, exit.reason, isEnd(restart, exit), exit] as const),
)

describe('autoShutdown any_significant', () => {
  it.each(CASES)('(%s, as %s) stops the supervisor: %s', async (restart, _reason, is, exit) => {
    const stage = new Stage()
    const children = [stage.spec('a'), stage.spec('b', { restart, ...SIGNIFICANT }), stage.spec('c')]
    const supervisor = await stage.open(children, { autoShutdown: 'any_significant' })
    await stage.end('b', exit)
    const stops = ['c stop', 'c shutdown', 'a stop', 'a shutdown']
    expect(stage.journal()).toEqual([`b ${exit.reason}`, ...(is ? stops : ['b start'])])
    expect(supervisor.state).toBe(is ? 'stopped' : 'running')
  })

  it('ends as shutdown by itself, its children stopped in reverse, and says why', async () => {
    const stage = new Stage()
    const children = [stage.spec('a', {}, slow), stage.spec('b', { restart: 'transient', ...SIGNIFICANT })]
    const supervisor = await stage.open(children, { autoShutdown: 'any_significant' })
    const told = noticesOf(supervisor)
    await stage.end('b', { reason: 'normal' })
    expect(supervisor.state).toBe('stopping')
    await expect(supervisor.startChild(stage.spec('c'))).rejects.toMatchObject({ code: 'CLOSED' })
    stage.child('a').end({ reason: 'shutdown' })
    expect(await supervisor.exit).toEqual({ reason: 'shutdown' })
    expect(told).toEqual(['b exited: normal', 'b auto_shutdown', 'a exited: shutdown'])
  })

  it('is not about a child that is not significant', async () => {
    const stage = new Stage()
    const children = [stage.spec('a', { restart: 'temporary' }), stage.spec('b', { restart: 'transient' })]
    const supervisor = await stage.open(children, { autoShutdown: 'any_significant' })
    await stage.end('a')
    await stage.end('b', { reason: 'normal' })
    expect(supervisor.state).toBe('running')
  })

  it.each(['one_for_all', 'rest_for_one'] as const)(
    'is not about a significant child that stopChild or a group restart stops (%s)',
    async (strategy) => {
      const stage = new Stage()
      const children = [
        stage.spec('a'),
        stage.spec('b', { restart: 'transient', ...SIGNIFICANT }),
        stage.spec('c', { restart: 'temporary', ...SIGNIFICANT }),
      ]
      const supervisor = await stage.open(children, { strategy, autoShutdown: 'any_significant' })
      await stage.end('a')
      expect(supervisor.children().map(({ id, phase }) => `${id} ${phase}`)).toEqual(['a running', 'b running'])
      await supervisor.stopChild('b')
      expect(supervisor.state).toBe('running')
    },
  )

  it('counts a supervisor that gave up as ended in order', async () => {
    const stage = new Stage()
    const start = () => Supervisor.start({ clock: stage.clock, intensity: 0, children: [stage.spec('x')] })
    const inner = { id: 'inner', start, restart: 'transient', ...SIGNIFICANT } as const
    const supervisor = await stage.open([inner], { autoShutdown: 'any_significant' })
    await stage.end('x')
    expect(await supervisor.exit).toEqual({ reason: 'shutdown' })
  })
})

describe('autoShutdown all_significant', () => {
  it('stops the supervisor when the last of its significant children has ended', async () => {
    const stage = new Stage()
    const children = [
      stage.spec('a', { restart: 'temporary', ...SIGNIFICANT }),
      stage.spec('b', { restart: 'transient', ...SIGNIFICANT }),
      stage.spec('c'),
    ]
    const supervisor = await stage.open(children, { autoShutdown: 'all_significant' })
    await stage.end('a')
    await stage.end('b')
    expect(supervisor.state).toBe('running')
    await stage.end('b', { reason: 'shutdown' })
    expect(await supervisor.exit).toEqual({ reason: 'shutdown' })
  })

  it('takes a significant child that was stopped as ended, but not as the end', async () => {
    const stage = new Stage()
    const rules = { restart: 'transient', ...SIGNIFICANT } as const
    const supervisor = await stage.open([stage.spec('a', rules), stage.spec('b', rules)], {
      autoShutdown: 'all_significant',
    })
    await supervisor.stopChild('a')
    await supervisor.stopChild('b')
    expect(supervisor.state).toBe('running')
    await supervisor.restartChild('b')
    await stage.end('b', { reason: 'normal' })
    expect(supervisor.state).toBe('stopped')
  })

  it('waits for one that is about to be restarted', async () => {
    const stage = new Stage()
    const rules = { restart: 'transient', ...SIGNIFICANT, backoff: { minMs: 100 } } as const
    const supervisor = await stage.open([stage.spec('a', rules), stage.spec('b', rules)], {
      autoShutdown: 'all_significant',
    })
    await stage.end('a')
    await stage.end('b', { reason: 'normal' })
    await stage.advance(100)
    expect(supervisor.children()).toMatchObject([{ phase: 'running' }, { phase: 'stopped' }])
  })

  it('starts significant children that come later, which count', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([], { autoShutdown: 'all_significant' })
    for (const id of ['a', 'b']) await supervisor.startChild(stage.spec(id, { restart: 'temporary', ...SIGNIFICANT }))
    await stage.end('a')
    expect(supervisor.state).toBe('running')
    await stage.end('b')
    expect(supervisor.state).toBe('stopped')
  })
})
