import { Actor, handler } from '@troupe/actors/actor'
import { type ActorRef, Supervisor } from '@troupe/actors/supervisor'
import { deferred, TroupeError } from '@troupe/core'
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'

/** Says where it is, counts, and dies when it is told to. */
const counter = handler({
  init: (name: string) => ({ name, count: 0 }),
  async receive(message: string, { state, path, lookup }): Promise<unknown> {
    if (message === 'die') throw new Error('as it was told')
    if (message === 'where') return path
    if (message.startsWith('ask ')) return lookup(message.slice(4)).ask('count')
    return `${state.name} ${++state.count}`
  },
})

async function treeOf(gate: () => Promise<void> = async () => undefined): Promise<Supervisor> {
  const tree = await Supervisor.start({
    ...{ name: 'root', intensity: 10 },
    children: [
      {
        id: 'pool',
        start: () =>
          Supervisor.start({
            intensity: 10,
            children: ['worker-1', 'worker-2'].map((id) => ({
              id,
              start: async ({ restarts, place }) => {
                if (restarts > 0) await gate()
                return Actor.start(counter, id, { place })
              },
            })),
          }),
      },
      { id: 'alone', start: () => Actor.start(counter, 'alone'), restart: 'temporary' },
      { id: 'far', start: () => Actor.start({ module: FAR, export: 'far' }, undefined, { isolation: 'process' }) },
    ],
  })
  onTestFinished(() => tree.stop())
  return tree
}
const FAR = new URL('./fixtures/far.mjs', import.meta.url)

describe('the names of a tree', () => {
  it('are the ids on the way to an actor, which knows its own', async () => {
    const tree = await treeOf()
    for (const path of ['root/alone', 'root/pool/worker-2']) expect(await tree.lookup(path).ask('where')).toBe(path)
    expect(tree.lookup('root/pool/worker-1').actor?.path).toBe('root/pool/worker-1')
    const pool = tree.children()[0]!.child as Supervisor
    expect(pool.path).toBe('root/pool')
    // From any supervisor of the tree.
    expect(await pool.lookup('root/alone').ask('where')).toBe('root/alone')
  })

  it('reach across isolations: an actor looks another up by its path', async () => {
    const tree = await treeOf()
    expect(await tree.lookup('root/pool/worker-1').ask('ask root/pool/worker-2')).toBe('worker-2 1')
    expect(await tree.lookup('root/far').ask({ ask: 'root/alone', message: 'where' })).toBe('root/alone')
    expect(await tree.lookup('root/far').ask({ send: 'root/alone', message: 'count' })).toBe('sent')
    expect(await tree.lookup('root/alone').ask('count')).toBe('alone 2')
    expect(await tree.lookup('root/far').ask({ ask: 'root/nobody', message: 'x' })).toBe('NO_ACTOR')
  })

  it('are typed by the code of the actor', async () => {
    const tree = await treeOf()
    const ref = tree.lookup<typeof counter>('root/alone')
    expectTypeOf(ref).toEqualTypeOf<ActorRef<string, unknown>>()
    // @ts-expect-error: it takes strings
    await expect(ref.send(1)).resolves.toBe('sent')
  })

  it.each([
    ['root', 'a supervisor'],
    ['root/pool', 'it takes no messages'],
    ['root/nobody', 'root has no child nobody'],
    ['root/alone/child', 'root/alone has no children'],
    ['elsewhere/alone', 'paths in this tree begin with root/'],
    ['root/', 'root has no child '],
  ])('that nobody has are NO_ACTOR, which says why: %s', async (path, why) => {
    const tree = await treeOf()
    const refused = { code: 'NO_ACTOR', message: expect.stringContaining(why) }
    await expect(tree.lookup(path).ask('where')).rejects.toMatchObject(refused)
    await expect(tree.lookup(path).send('where')).rejects.toMatchObject(refused)
    expect([tree.lookup(path).actor, tree.lookup(path).incarnation]).toEqual([undefined, path === 'root/pool' ? 1 : 0])
  })

  it('have no slash: an id with one is INVALID_OPTIONS', async () => {
    const tree = await treeOf()
    const spec = { id: 'a/b', start: () => Actor.start(counter, 'x') }
    await expect(tree.startChild(spec)).rejects.toMatchObject({ code: 'INVALID_OPTIONS', issues: [{ path: 'id' }] })
  })

  it('are for what starts after an await too, if it is given its place', async () => {
    const tree = await Supervisor.start({ name: 'top' })
    onTestFinished(() => tree.stop())
    await tree.startChild({
      id: 'late',
      start: async ({ place }) => {
        await new Promise(setImmediate)
        return Actor.start(counter, 'late', { place })
      },
    })
    expect(await tree.lookup('top/late').ask('where')).toBe('top/late')
  })
})

describe('a reference', () => {
  it('taken before a restart reaches the new incarnation, and says so', async () => {
    const tree = await treeOf()
    const ref = tree.lookup<typeof counter>('root/pool/worker-1')
    expect([await ref.send('count'), ref.incarnation]).toEqual(['sent', 1])
    const first = ref.actor!
    await expect(ref.ask('die')).rejects.toMatchObject({ code: 'ACTOR_FAILED' })
    expect(await ref.send('count')).toBe('restarted')
    expect([await ref.send('count'), ref.incarnation, ref.actor === first]).toEqual(['sent', 2, false])
    expect(await ref.ask('count')).toBe('worker-1 3')
  })

  it('waits for a restart that is under way, within its time', async () => {
    const gate = deferred()
    const tree = await treeOf(() => gate.promise)
    const ref = tree.lookup('root/pool/worker-1')
    const { exit } = ref.actor!
    await ref.ask('die').catch(() => undefined)
    await exit
    expect(ref.actor).toBeUndefined()
    await expect(ref.ask('count', { timeoutMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    await expect(ref.send('count', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    const asked = ref.ask('count')
    gate.resolve()
    expect(await asked).toBe('worker-1 1')
  })

  it('survives the restart of a supervisor above', async () => {
    const tree = await treeOf()
    const ref = tree.lookup('root/pool/worker-2')
    await ref.ask('count')
    const pool = tree.children()[0]!.child as Supervisor
    pool.kill()
    await pool.exit
    expect(await ref.ask('count')).toBe('worker-2 1')
  })

  it('to a temporary actor that has ended is NO_ACTOR; so is any when the tree has stopped', async () => {
    const tree = await treeOf()
    const [alone, worker] = [tree.lookup('root/alone'), tree.lookup('root/pool/worker-1')]
    await alone.ask('die').catch(() => undefined)
    await expect(alone.ask('where')).rejects.toMatchObject({ code: 'NO_ACTOR' })
    await tree.stop()
    await expect(worker.ask('where')).rejects.toMatchObject({ code: 'NO_ACTOR' })
  })

  it('whose actor ends while it is asked gets its failure, and is not asked twice', async () => {
    const tree = await treeOf()
    const ref = tree.lookup('root/pool/worker-1')
    await expect(ref.ask('die')).rejects.toBeInstanceOf(TroupeError)
    expect(await ref.ask('count')).toBe('worker-1 1')
  })

  it('can be monitored: it is gone when there is nobody', async () => {
    const tree = await treeOf()
    expect(await tree.lookup('root/nobody').down()).toEqual({
      type: 'troupe.down',
      path: 'root/nobody',
      reason: 'gone',
    })
    const ref = tree.lookup('root/alone')
    const down = ref.down()
    await ref.ask('die').catch(() => undefined)
    expect(await down).toMatchObject({ path: 'root/alone', reason: 'failed', error: { code: 'ACTOR_FAILED' } })
  })
})

describe('dead letters of a tree', () => {
  it('are counted and told with the path of the actor', async () => {
    const tree = await treeOf()
    const told: unknown[] = []
    const end = tree.onDeadLetter(({ path, message, reason }) => told.push([path, message, reason]))
    const ref = tree.lookup('root/pool/worker-1')
    const { exit } = ref.actor!
    await Promise.all([ref.send('die'), ref.send('never read')])
    await exit
    expect(await ref.ask('count')).toBe('worker-1 1')
    end()
    expect([told, tree.deadLetters]).toEqual([[['root/pool/worker-1', 'never read', 'unread']], 1])
  })
})
