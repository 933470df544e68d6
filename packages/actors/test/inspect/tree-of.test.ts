/**
 * What runs in a tree, as plain data and as text.
 */
import { Actor, type Pipe } from '@troupe/actors/actor'
import { formatTree, type TreeNode, treeOf } from '@troupe/actors/inspect'
import { type Exit, type Supervised, Supervisor } from '@troupe/actors/supervisor'
import { deferred, SimulatedClock } from '@troupe/core'
import { describe, expect, it } from 'vitest'
import { at, machine, openTree, until } from './open-tree.js'

/** Takes nothing. */
const idle = async (_pipe: Pipe, _args: unknown, { ready, signal }: { ready(): void; signal: AbortSignal }) => {
  ready()
  await new Promise((resolve) => signal.addEventListener('abort', resolve))
}

/** Something else that can be supervised, of which only that is known. */
class Kettle implements Supervised {
  readonly #exit = deferred<Exit>()
  readonly state = 'running'
  readonly exit = this.#exit.promise

  async stop(): Promise<void> {
    this.#exit.resolve({ reason: 'shutdown' })
  }
}

const childrenOf = (node: TreeNode) => Object.fromEntries((node.children ?? []).map((child) => [child.path, child]))

describe('a tree as data', () => {
  it('has each supervisor with its strategy, and each actor with where it runs and what is in it', async () => {
    const inner = () => Supervisor.start({ strategy: 'rest_for_one', children: [machine('lift', 'lift')] })
    const tree = await openTree([
      { id: 'inner', start: inner },
      { id: 'idle', start: () => Actor.start(idle) },
      machine('far', 'door', { isolation: 'process', name: 'a door' }),
      machine('near', 'door', { isolation: 'thread' }),
    ])
    await at(tree, 'root/idle').send({ type: 'HELLO' })
    await at(tree, 'root/inner/lift').send({ type: 'CALL' })
    const far = tree.children()[2]?.child as Actor
    const ran = { phase: 'running', restarts: 0, state: 'running' }
    const actor = { ...ran, kind: 'actor', mailboxSize: 0, deadLetters: 0 }
    await until(() => JSON.stringify(treeOf(tree)).includes('"up"'))
    expect(treeOf(tree)).toEqual({
      ...{ path: 'root', kind: 'supervisor', name: 'root', state: 'running', strategy: 'one_for_one', deadLetters: 0 },
      children: [
        {
          ...{ ...ran, path: 'root/inner', kind: 'supervisor', name: 'root/inner', strategy: 'rest_for_one' },
          children: [
            {
              ...{ ...actor, path: 'root/inner/lift', name: 'lift', isolation: 'inline' },
              value: { cabin: 'up', doors: 'shut' },
            },
          ],
        },
        { ...actor, path: 'root/idle', name: 'idle', isolation: 'inline', mailboxSize: 1 },
        { ...actor, path: 'root/far', name: 'a door', isolation: 'process', pid: far.pid },
        { ...actor, path: 'root/near', name: 'door', isolation: 'thread' },
      ],
    })
    expect(JSON.parse(JSON.stringify(treeOf(tree)))).toEqual(treeOf(tree))
  })

  it('has the state of a machine elsewhere while somebody subscribes to its actor', async () => {
    const tree = await openTree([machine('door', 'door', { isolation: 'process' })])
    expect(treeOf(tree).children?.[0]).not.toHaveProperty('value')
    const end = (tree.children()[0]!.child as Actor).subscribe(() => undefined)
    await at(tree, 'root/door').ask({ type: 'OPEN' })
    await until(() => treeOf(tree).children?.[0]?.value === 'open')
    end()
  })

  it('shows what is stopped, what waits for its restart, how often it was restarted, and what nobody took', async () => {
    const clock = new SimulatedClock()
    const fails = async (pipe: Pipe) => {
      for await (const message of pipe) if (message === 'fail') throw new Error('as told')
    }
    const start = () => Actor.start(fails)
    const tree = await openTree(
      [
        { id: 'waits', start, backoff: { minMs: 50 } },
        { id: 'again', start },
        { id: 'stopped', start },
      ],
      { clock },
    )
    const actor = (n: number) => tree.children()[n]?.child as Actor
    for (const n of [0, 1]) {
      await actor(n).send('fail')
      await actor(n).send('what nobody takes')
    }
    await tree.stopChild('stopped')
    await until(() => tree.children()[0]?.phase === 'waiting' && tree.children()[1]?.restarts === 1)
    await until(() => tree.children()[1]?.phase === 'running')
    expect(treeOf(tree).deadLetters).toBe(2)
    expect(childrenOf(treeOf(tree))).toEqual({
      'root/waits': { path: 'root/waits', phase: 'waiting', restarts: 1 },
      'root/again': expect.objectContaining({ kind: 'actor', phase: 'running', restarts: 1, deadLetters: 0 }),
      'root/stopped': { path: 'root/stopped', phase: 'stopped', restarts: 0 },
    })
  })

  it('shows one that starts, and what is no actor with its class and state', async () => {
    const gate = deferred()
    const tree = await openTree([{ id: 'tea', start: async () => new Kettle() }])
    const slow = tree.startChild({
      id: 'slow',
      start: async () => {
        await gate.promise
        return new Kettle()
      },
    })
    expect(treeOf(tree).children).toEqual([
      { path: 'root/tea', kind: 'other', name: 'Kettle', state: 'running', phase: 'running', restarts: 0 },
      { path: 'root/slow', phase: 'starting', restarts: 0 },
    ])
    gate.resolve()
    await slow
  })

  it('is also that of a supervisor in a tree, and of an actor alone, and tells of what has ended', async () => {
    const tree = await openTree([{ id: 'inner', start: () => Supervisor.start() }])
    expect(treeOf(tree.children()[0]?.child as Supervisor)).toMatchObject({ path: 'root/inner', children: [] })
    await tree.stop()
    expect(treeOf(tree)).toMatchObject({ state: 'stopped', children: [] })
    await using actor = await Actor.start(idle, undefined, { name: 'alone' })
    expect(treeOf(actor)).toMatchObject({ path: 'alone', kind: 'actor', state: 'running' })
  })

  it('cannot change a machine', async () => {
    const tree = await openTree([machine('lift', 'lift')])
    Object.assign(treeOf(tree).children?.[0]?.value as object, { cabin: 'nowhere' })
    expect((await at(tree, 'root/lift').ask({ type: 'CALL' })).value).toEqual({ cabin: 'up', doors: 'shut' })
  })
})

describe('a tree as text', () => {
  const line = (node: Omit<TreeNode, 'path'>) => formatTree({ path: 'root/pool/worker-3', ...node })

  it('is a line for each, with its path, indented', async () => {
    const inner = () => Supervisor.start({ strategy: 'one_for_all', children: [machine('lift', 'lift')] })
    const tree = await openTree([{ id: 'inner', start: inner }, machine('far', 'door', { isolation: 'process' })])
    await tree.startChild({ id: 'tea', start: async () => new Kettle() })
    await tree.startChild({ id: 'none', start: async () => 'ignore' })
    const { pid } = tree.children()[1]!.child as Actor
    expect(formatTree(treeOf(tree)).split('\n')).toEqual([
      'root supervisor running one_for_one',
      '  root/inner supervisor running one_for_all',
      '    root/inner/lift actor running inline at {"cabin":"down","doors":"shut"}',
      `  root/far actor running process ${pid}`,
      '  root/tea Kettle running',
      '  root/none stopped',
    ])
  })

  it('tells the numbers that are not 0', () => {
    const actor = { kind: 'actor', phase: 'running', state: 'running', isolation: 'process', pid: 4711 } as const
    expect(line({ ...actor, restarts: 2, mailboxSize: 0, deadLetters: 0 })).toBe(
      'root/pool/worker-3 actor running process 4711 restarts 2',
    )
    expect(line({ ...actor, restarts: 0, mailboxSize: 3, deadLetters: 1, value: 'open' })).toBe(
      'root/pool/worker-3 actor running process 4711 mailbox 3 dead letters 1 at open',
    )
  })

  it('tells of a child that runs its own state, and else the phase that its supervisor has it in', () => {
    expect(line({ phase: 'waiting', restarts: 2 })).toBe('root/pool/worker-3 waiting restarts 2')
    expect(line({ kind: 'actor', state: 'stopping', phase: 'running', isolation: 'thread' })).toBe(
      'root/pool/worker-3 actor stopping thread',
    )
    expect(line({ kind: 'actor', state: 'running', phase: 'stopping', isolation: 'thread' })).toBe(
      'root/pool/worker-3 actor stopping thread',
    )
    expect(line({ kind: 'other', name: 'Kettle', phase: 'running' })).toBe('root/pool/worker-3 Kettle running')
  })
})
