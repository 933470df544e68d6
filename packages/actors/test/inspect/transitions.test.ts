/**
 * The feed of a tree's transitions.
 */
import { Actor, type Pipe } from '@troupe/actors/actor'
import { Supervisor, type Transition } from '@troupe/actors/supervisor'
import { Lifecycle } from '@troupe/core'
import { describe, expect, it, vi } from 'vitest'
import { at, ISOLATIONS, lineOf, linesOf, machine, openTree, until } from './open-tree.js'

const waits = async (pipe: Pipe) => {
  for await (const message of pipe) if (message === 'fail') throw new Error('as told')
}

describe.each(ISOLATIONS)('the transitions of a machine (%s)', (isolation) => {
  it('are told from when somebody listens, with those that it takes by itself, in order', async () => {
    const tree = await openTree([machine('door', 'door', { isolation })])
    await at(tree, 'root/door').ask({ type: 'OPEN' })
    const { lines } = linesOf(tree)
    // What is sent reaches it another way than that somebody listens.
    await until(async () => {
      await at(tree, 'root/door').ask({ type: 'CLOSE' })
      await at(tree, 'root/door').ask({ type: 'OPEN' })
      return lines.length >= 2
    })
    lines.length = 0
    for (const type of ['CLOSE', 'KNOCK', 'NOTHING', 'OPEN', 'SLAM']) await at(tree, 'root/door').ask({ type })
    await until(() => lines.length >= 5)
    expect(lines).toEqual([
      'root/door door: open -> closed (CLOSE)',
      'root/door door: closed -> closed (KNOCK)',
      'root/door door: closed -> open (OPEN)',
      'root/door door: open -> closed (SLAM)',
      'root/door door: closed -> open (OPEN)',
    ])
  })

  it('are told of what starts later, and of each incarnation, with the phases of the child', async () => {
    const tree = await openTree([])
    const { lines } = linesOf(tree)
    await tree.startChild(machine('door', 'door', { isolation }))
    const door = at(tree, 'root/door')
    const restarted = new Promise((resolve) => tree.subscribe(({ type }) => type === 'started' && resolve(undefined)))
    await door.send({ type: 'OPEN' })
    await door.send({ type: 'BREAK' })
    await restarted
    await door.ask({ type: 'OPEN' })
    await until(() => lines.filter((line) => line.includes('door: closed -> open')).length === 2)
    expect(lines.filter((line) => line.startsWith('root/door lifecycle'))).toEqual([
      'root/door lifecycle: idle -> starting (start)',
      'root/door lifecycle: starting -> running (xstate.done.actor.0.lifecycle.starting)',
      'root/door lifecycle: running -> stopping (fail)',
      'root/door lifecycle: stopping -> failed (xstate.done.actor.0.lifecycle.stopping)',
      'root/door lifecycle: idle -> starting (start)',
      'root/door lifecycle: starting -> running (xstate.done.actor.0.lifecycle.starting)',
    ])
    expect(lines.filter((line) => line.startsWith('root/door child'))).toEqual([
      'root/door child: starting -> running (started)',
      'root/door child: running -> waiting (restart)',
      'root/door child: waiting -> starting (start)',
      'root/door child: starting -> running (started)',
    ])
  })

  it('are told of regions as values of xstate, and of each step that it takes by itself', async () => {
    const tree = await openTree([])
    const { lines } = linesOf(tree)
    await tree.startChild(machine('lift', 'lift', { isolation }))
    await at(tree, 'root/lift').ask({ type: 'CALL' })
    const own = () => lines.filter((line) => line.includes(' lift: '))
    await until(() => own().length === 2)
    expect(own()).toEqual([
      'root/lift lift: {"cabin":"down","doors":"shut"} -> {"cabin":"moving","doors":"shut"} (CALL)',
      'root/lift lift: {"cabin":"moving","doors":"shut"} -> {"cabin":"up","doors":"shut"} (CALL)',
    ])
  })

  it('are not told of how a machine comes to its first state', async () => {
    const tree = await openTree([])
    const { lines } = linesOf(tree)
    await tree.startChild(machine('house', 'house', { isolation }))
    for (const type of ['UNLOCK', 'LOCK']) await at(tree, 'root/house').ask({ type })
    const own = () => lines.filter((line) => !/child|lifecycle/.test(line))
    await until(() => own().length >= 2)
    expect(own()).toEqual([
      'root/house house: locked -> unlocked (UNLOCK)',
      'root/house house: unlocked -> locked (LOCK)',
    ])
  })

  it('are not told any more to who has ended that, and its machine is not looked at any more', async () => {
    const tree = await openTree([machine('shy', 'shy', { isolation })])
    const lookers = async () => {
      const { context } = await at(tree, 'root/shy').ask({ type: 'COUNT' })
      return (context as { lookers: number }).lookers
    }
    expect(await lookers()).toBe(0)
    const ends = [linesOf(tree).end, linesOf(tree).end]
    await until(async () => (await lookers()) > 0)
    ends[0]?.()
    expect(await lookers()).toBeGreaterThan(0)
    ends[1]?.()
    ends[1]?.()
    await until(async () => (await lookers()) === 0)
  })

  it('go on when its code is started anew, which leaves nothing behind of the one before', async () => {
    const tree = await openTree([machine('shy', 'shy', { isolation, maxTasks: 2 })])
    const lookers = new Set<number>()
    const { lines } = linesOf(tree)
    await until(async () => {
      const { context } = await at(tree, 'root/shy').ask({ type: 'COUNT' })
      lookers.add((context as { lookers: number }).lookers)
      return lines.length >= 4
    })
    expect(Math.max(...lookers)).toBe(1)
    expect(lines).toEqual(lines.map(() => 'root/shy shy: {} -> {} (COUNT)'))
  })

  it('have the time at which they were', async () => {
    const tree = await openTree([])
    const told: Transition[] = []
    tree.onTransition((transition) => told.push(transition))
    const before = Date.now()
    await tree.startChild(machine('door', 'door', { isolation }))
    await at(tree, 'root/door').ask({ type: 'OPEN' })
    await until(() => told.some((one) => one.machine === 'door'))
    // Two processes may read the same clock a little differently.
    for (const { atMs } of told) expect(atMs).toBeGreaterThanOrEqual(before - 5)
    for (const { atMs } of told) expect(atMs).toBeLessThanOrEqual(Date.now() + 5)
  })
})

describe('the feed of a tree', () => {
  it('is that of the whole tree, from whichever of its supervisors', async () => {
    const inner = () => Supervisor.start({ children: [machine('door', 'door')] })
    const tree = await openTree([{ id: 'inner', start: inner }, machine('other', 'door')])
    const { lines } = linesOf(tree.children()[0]!.child as Supervisor)
    await at(tree, 'root/other').ask({ type: 'OPEN' })
    await at(tree, 'root/inner/door').ask({ type: 'OPEN' })
    await tree.stop()
    expect(lines).toEqual([
      'root/other door: closed -> open (OPEN)',
      'root/inner/door door: closed -> open (OPEN)',
      'root lifecycle: running -> stopping (stop)',
      'root/inner child: running -> stopping (stop)',
      'root/other child: running -> stopping (stop)',
      'root/other lifecycle: running -> stopping (stop)',
      'root/other lifecycle: stopping -> stopped (xstate.done.actor.0.lifecycle.stopping)',
      'root/other child: stopping -> stopped (has_stopped)',
      'root/inner lifecycle: running -> stopping (stop)',
      'root/inner/door child: running -> stopping (stop)',
      'root/inner/door lifecycle: running -> stopping (stop)',
      'root/inner/door lifecycle: stopping -> stopped (xstate.done.actor.0.lifecycle.stopping)',
      'root/inner/door child: stopping -> stopped (has_stopped)',
      'root/inner lifecycle: stopping -> stopped (xstate.done.actor.0.lifecycle.stopping)',
      'root/inner child: stopping -> stopped (has_stopped)',
      'root lifecycle: stopping -> stopped (xstate.done.actor.0.lifecycle.stopping)',
    ])
  })

  it('goes on when a listener throws, and so does the tree; the log says so', async () => {
    const error = vi.fn()
    const log = { error, warn: vi.fn(), info: vi.fn(), debug: vi.fn(), child: () => log } as never
    const tree = await openTree([machine('door', 'door')], { log })
    tree.onTransition(() => {
      throw new Error('mine')
    })
    const { lines } = linesOf(tree)
    expect((await at(tree, 'root/door').ask({ type: 'OPEN' })).value).toBe('open')
    expect(lines).toEqual(['root/door door: closed -> open (OPEN)'])
    expect(error).toHaveBeenCalledExactlyOnceWith(
      { err: expect.objectContaining({ message: 'mine' }) },
      expect.any(String),
    )
  })

  it('gives nothing into the hands of a listener by which it could change a machine', async () => {
    const tree = await openTree([machine('lift', 'lift')])
    tree.onTransition(({ from, to }) => {
      for (const value of [from, to]) Object.assign(value, { cabin: 'nowhere', doors: 'nowhere' })
    })
    const told: Transition[] = []
    tree.onTransition((transition) => told.push(transition))
    const { value } = await at(tree, 'root/lift').ask({ type: 'CALL' })
    expect(value).toEqual({ cabin: 'up', doors: 'shut' })
    expect(told.map(({ to }) => to)).toEqual([
      { cabin: 'moving', doors: 'shut' },
      { cabin: 'up', doors: 'shut' },
    ])
    expect(() => Object.assign(told[0]!, { path: 'elsewhere' })).toThrow(TypeError)
  })

  it('subscribes to none of 2,000 actors before somebody listens, then to each, and to none after', async () => {
    let subscriptions = 0
    const { inspect } = Lifecycle.prototype
    const spy = vi.spyOn(Lifecycle.prototype, 'inspect').mockImplementation(function (this: Lifecycle, observer) {
      subscriptions++
      const subscription = inspect.call(this, observer)
      return {
        unsubscribe: () => {
          subscriptions--
          subscription.unsubscribe()
        },
      }
    })
    const children = Array.from({ length: 2_000 }, (_, n) => ({ id: `${n}`, start: () => Actor.start(waits) }))
    const tree = await openTree(children)
    expect(spy).not.toHaveBeenCalled()
    const { end } = linesOf(tree)
    expect(subscriptions).toBe(2_001)
    await tree.stopChild('0')
    expect(subscriptions).toBe(2_000)
    end()
    expect(subscriptions).toBe(0)
    linesOf(tree)
    await tree.stop()
    expect(subscriptions).toBe(0)
    spy.mockRestore()
  }, 60_000)
})

describe('a feed that is read', () => {
  it('has what was told since it was made, and ends with the tree', async () => {
    const tree = await openTree([machine('door', 'door')])
    const feed = tree.transitions()
    await at(tree, 'root/door').ask({ type: 'OPEN' })
    await tree.stop()
    const lines: string[] = []
    for await (const transition of feed) lines.push(lineOf(transition))
    expect([lines[0], lines.at(-1), feed.dropped]).toEqual([
      'root/door door: closed -> open (OPEN)',
      'root lifecycle: stopping -> stopped (xstate.done.actor.0.lifecycle.stopping)',
      0,
    ])
  })

  it('holds as many as its limit, the latest, and counts those that it drops', async () => {
    const tree = await openTree([machine('door', 'door')])
    const feed = tree.transitions({ limit: 2 })
    for (const type of ['OPEN', 'CLOSE', 'OPEN', 'SLAM']) await at(tree, 'root/door').ask({ type })
    expect(feed.dropped).toBe(3)
    feed.close()
    const events: string[] = []
    for await (const { event } of feed) events.push(event)
    expect(events).toEqual(['SLAM', 'OPEN'])
  })

  it('waits for what comes, listens no more when its loop is left, and has nothing more then', async () => {
    const tree = await openTree([machine('door', 'door')])
    using feed = tree.transitions()
    const first = (async () => {
      for await (const { event } of feed) return event
      return undefined
    })()
    await at(tree, 'root/door').ask({ type: 'OPEN' })
    expect(await first).toBe('OPEN')
    await at(tree, 'root/door').ask({ type: 'CLOSE' })
    for await (const _ of feed) expect.unreachable('it listens still')
  })

  it('is given up by its signal', async () => {
    const tree = await openTree([])
    const aborter = new AbortController()
    const read = tree.transitions({ signal: aborter.signal })[Symbol.asyncIterator]().next()
    aborter.abort()
    await expect(read).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('refuses options that it does not know', async () => {
    const tree = await openTree([])
    expect(() => tree.transitions({ limit: 0 })).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
    expect(() => tree.transitions({ max: 1 } as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  })
})
