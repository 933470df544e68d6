import { deferred } from '@troupe/core'
import { describe, expect, it } from 'vitest'
import { isSettled, type Manners, noticesOf, Stage, settled, slow } from './staged-supervisor.js'

const shutdown = { reason: 'shutdown' } as const

/** A start that is over when the test says so, and heeds its signal or does not. */
function gated({ heeds }: { readonly heeds: boolean }) {
  const gate = deferred()
  const start: Manners['start'] = ({ signal }) => {
    if (heeds) signal.addEventListener('abort', () => gate.reject(signal.reason))
    return gate.promise
  }
  return { gate, start }
}

/** A supervisor of a child `a`, which runs, and `b`, whose restart is under way. */
async function restarting(heeds: boolean) {
  const stage = new Stage()
  const { gate, start } = gated({ heeds })
  const again: Manners['start'] = async (context) => context.restarts > 0 && start(context)
  const supervisor = await stage.open([stage.spec('a'), stage.spec('b', {}, { start: again })])
  await stage.end('b')
  expect(supervisor.children()[1]).toMatchObject({ phase: 'starting', restarts: 1 })
  stage.journal()
  return { stage, supervisor, gate }
}

describe('a stop while children start', () => {
  it('aborts the start, and lets the one who waits for it know that it is closed', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a')])
    const { start } = gated({ heeds: true })
    const started = supervisor.startChild(stage.spec('b', {}, { start }))
    const stopped = supervisor.stop()
    await expect(started).rejects.toMatchObject({ code: 'CLOSED' })
    await stopped
    expect(stage.journal()).toEqual(['b start', 'a stop', 'a shutdown'])
  })

  it('aborts all starts at once, also of those whose turn to stop is late', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([])
    const started = supervisor.startChild(stage.spec('a', {}, gated({ heeds: true })))
    const rejected = expect(started).rejects.toMatchObject({ code: 'CLOSED' })
    await supervisor.startChild(stage.spec('b', {}, slow))
    const stopped = supervisor.stop()
    await rejected
    expect(await isSettled(stopped)).toBe(false)
    stage.child('b').end(shutdown)
    await stopped
    expect(stage.journal()).toEqual(['a start', 'b start', 'b stop', 'b shutdown'])
  })

  it('stops a child that comes in time by its rules, and does not call it started', async () => {
    const { stage, supervisor, gate } = await restarting(false)
    const stopped = supervisor.stop()
    await stage.advance(4_000)
    gate.resolve()
    await stopped
    expect(stage.journal()).toEqual(['b stop', 'b shutdown', 'a stop', 'a shutdown'])
    expect(stage.clock.pending).toBe(0)
  })

  it('kills a child that comes too late, when all others have long been stopped', async () => {
    const { stage, supervisor, gate } = await restarting(false)
    const stopped = supervisor.stop()
    await stage.advance(5_999)
    expect(await isSettled(stopped)).toBe(false)
    await stage.advance(1)
    await stopped
    expect(stage.logged).toContain('error: child still starts, and is killed when it has')
    gate.resolve()
    await settled()
    expect(stage.journal()).toEqual(['a stop', 'a shutdown', 'b kill', 'b stop', 'b killed'])
    expect(supervisor.children()).toEqual([])
  })

  it.each(['infinity', 5_000] as const)(
    'by kill kills a child that comes, though it may take %s',
    async (shutdownMs) => {
      const stage = new Stage()
      const { gate, start } = gated({ heeds: false })
      const supervisor = await stage.open([])
      const started = supervisor.startChild(stage.spec('a', { shutdownMs }, { start }))
      const rejected = expect(started).rejects.toMatchObject({ code: 'CLOSED' })
      supervisor.kill()
      await stage.advance(500)
      gate.resolve()
      await rejected
      expect(await supervisor.exit).toEqual({ reason: 'killed' })
      expect(stage.journal()).toEqual(['a start', 'a kill', 'a stop', 'a killed'])
    },
  )

  it('by kill waits for no start that does not end', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([])
    const start = gated({ heeds: false })
    const started = supervisor.startChild(stage.spec('a', { shutdownMs: 'infinity' }, start))
    const rejected = expect(started).rejects.toMatchObject({ code: 'CLOSED' })
    void supervisor.stop()
    await stage.advance(1e6)
    supervisor.kill()
    await stage.advance(1_000)
    expect(await supervisor.exit).toEqual({ reason: 'killed' })
    await rejected
    start.gate.resolve()
    await settled()
    expect(stage.journal()).toEqual(['a start', 'a kill', 'a stop', 'a killed'])
  })
})

describe('stopChild', () => {
  it('stops one that runs, whose spec is kept, and no other', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a', {}, slow), stage.spec('b')])
    const stopped = supervisor.stopChild('a')
    expect(supervisor.children()[0]).toMatchObject({ id: 'a', phase: 'stopping' })
    expect(await isSettled(stopped)).toBe(false)
    stage.child('a').end({ reason: 'killed' })
    await stopped
    expect(stage.journal()).toEqual(['a stop', 'a killed'])
    expect(supervisor.children()).toMatchObject([{ id: 'a', phase: 'stopped' }, { phase: 'running' }])
  })

  it('stops one that starts', async () => {
    const { stage, supervisor } = await restarting(true)
    await supervisor.stopChild('b')
    expect([supervisor.children().map(({ phase }) => phase), stage.journal()]).toEqual([['running', 'stopped'], []])
    expect(stage.clock.pending).toBe(0)
  })

  it('stops one that waits for its restart, and leaves no timer', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a')], { backoff: { minMs: 100 } })
    await stage.end('a')
    await supervisor.stopChild('a')
    expect([supervisor.children(), stage.clock.pending]).toEqual([
      [{ id: 'a', phase: 'stopped', restarts: 0, child: undefined }],
      0,
    ])
    await stage.advance(200)
    expect(stage.journal()).toEqual(['a failed'])
  })

  it('waits for one that stops already, also when all do and its turn has not come', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a', {}, slow), stage.spec('b', {}, slow)])
    const first = supervisor.stopChild('b')
    const again = supervisor.stopChild('b')
    const all = supervisor.stop()
    const before = supervisor.stopChild('a')
    expect([await isSettled(again), await isSettled(before)]).toEqual([false, false])
    stage.child('b').end(shutdown)
    await Promise.all([first, again])
    expect(await isSettled(before)).toBe(false)
    stage.child('a').end(shutdown)
    await Promise.all([before, all])
    expect(stage.journal()).toEqual(['b stop', 'b shutdown', 'a stop', 'a shutdown'])
  })

  it('refuses one that is not there', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([])
    await expect(supervisor.stopChild('a')).rejects.toMatchObject({ code: 'UNKNOWN_CHILD' })
  })

  it('frees the id of a temporary child when it resolves, and not before', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([stage.spec('a', { restart: 'temporary' }, slow)])
    const stopped = supervisor.stopChild('a')
    await expect(supervisor.startChild(stage.spec('a'))).rejects.toMatchObject({ code: 'CHILD_EXISTS' })
    stage.child('a').end(shutdown)
    await stopped
    await supervisor.startChild(stage.spec('a'))
    expect(supervisor.children()).toMatchObject([{ phase: 'running', restarts: 0 }])
  })

  it('leaves a child alone that is started in place of one that was stopped while it started', async () => {
    const stage = new Stage()
    const supervisor = await stage.open([])
    const started = supervisor.startChild(stage.spec('a', {}, gated({ heeds: true })))
    const again = started.catch(() => supervisor.startChild(stage.spec('a')))
    await supervisor.stopChild('a')
    await again
    expect(supervisor.children()).toMatchObject([{ id: 'a', phase: 'running', child: stage.child('a') }])
  })
})

it('a stop while a child waits for its restart leaves no timer, and no child', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a'), stage.spec('b')], { backoff: { minMs: 100 } })
  const told = noticesOf(supervisor)
  await stage.end('b')
  await supervisor.stop()
  expect([stage.clock.pending, supervisor.state]).toEqual([0, 'stopped'])
  await stage.advance(1_000)
  expect(told).toEqual(['b exited: failed', 'b restarting in 100', 'a exited: shutdown'])
})
