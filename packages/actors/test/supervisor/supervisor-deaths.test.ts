/**
 * Trees with real actors, in this thread, in threads and in processes, that die in every way and at every moment. Whatever
 * the tree makes of it, nothing is left in the end.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Actor } from '@troupe/actors/actor'
import { type ChildSpec, type Supervised, Supervisor, type SupervisorOptions } from '@troupe/actors/supervisor'
import { isAlive } from '@troupe/testing/is-alive'
import { type Seeded, seeded } from '@troupe/testing/seeded'
import { afterAll, beforeAll, expect, it } from 'vitest'

const MODULE = new URL('./fixtures/mortal.mjs', import.meta.url)
const WAYS = {
  inline: ['throw', 'hang'],
  thread: ['throw', 'reject', 'exit', 'loop', 'hang'],
  process: ['throw', 'reject', 'exit', 'kill', 'loop', 'hang'],
} as const
type Isolation = keyof typeof WAYS

const before = process.env.TMPDIR
let temporary: string
beforeAll(() => {
  temporary = mkdtempSync(join(tmpdir(), 'deaths-'))
  process.env.TMPDIR = temporary
})
afterAll(() => {
  if (before === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = before
  rmSync(temporary, { recursive: true, force: true })
})

/** What is there of the actors of one run, at any time. */
class Traces {
  readonly pids = new Set<number>()
  readonly actors = new Set<Actor>()

  saw(actor: Actor): Actor {
    this.actors.add(actor)
    if (actor.pid !== undefined) this.pids.add(actor.pid)
    return actor
  }
}

function leaf(id: string, random: Seeded, traces: Traces): ChildSpec {
  const isolation = random.pick(['inline', 'inline', 'thread', 'process'] as const satisfies readonly Isolation[])
  const how = random.pick(WAYS[isolation])
  const moment = random.pick(['never', 'never', 'soon', 'stop', 'start'] as const)
  const options = { startTimeoutMs: 3_000, shutdownMs: 150, ...(isolation !== 'inline' && { hangMs: 400 }) }
  const code = { module: MODULE, export: 'mortal' }
  return {
    id,
    restart: random.pick(['permanent', 'transient', 'temporary']),
    shutdownMs: random.pick([150, 'brutal_kill']),
    async start({ place, restarts, signal }) {
      // Who always dies in its start would only be the end of the tree.
      const at = moment === 'start' && restarts !== 1 ? 'never' : moment
      const args = { at: restarts > 2 ? 'never' : at, how, socket: isolation === 'process' && random.chance(0.5) }
      return traces.saw(await Actor.start(code, args, { ...options, isolation, place, signal }))
    },
  }
}

function branch(random: Seeded, traces: Traces, depth: number): SupervisorOptions {
  const children = Array.from({ length: random.whole(2, 3) }, (_, index): ChildSpec => {
    const id = `${'abc'[index]}`
    if (depth === 0 || random.chance(0.6)) return leaf(id, random, traces)
    const options = branch(random, traces, depth - 1)
    return {
      id,
      restart: random.pick(['permanent', 'temporary']),
      start: ({ place }) => Supervisor.start({ ...options, place }),
    }
  })
  return {
    strategy: random.pick(['one_for_one', 'one_for_all', 'rest_for_one']),
    intensity: random.whole(2, 5),
    children,
  }
}

const leaves = (tree: Supervisor): Actor[] =>
  tree.children().flatMap(({ child }): Actor[] => (child === undefined ? [] : leavesOf(child)))
const leavesOf = (child: Supervised): Actor[] => (child instanceof Supervisor ? leaves(child) : [child as Actor])

it.each([1, 2, 3, 4, 5, 6])('leaves nothing, whatever dies and when (seed %i)', { timeout: 60_000 }, async (seed) => {
  const random = seeded(seed)
  const traces = new Traces()
  const tree = await Supervisor.start({ spares: random.whole(0, 1), ...branch(random, traces, 1) }).catch(
    () => undefined,
  )
  for (let step = 0; step < 6 && tree?.state === 'running'; step++) {
    const actors = leaves(tree).filter(({ state }) => state === 'running')
    if (actors.length === 0) break
    const victim = random.pick(actors)
    const isKilled = random.chance(0.3)
    if (isKilled) victim.kill()
    else await victim.send('die').catch(() => undefined)
    // The next dies while this one is still missed, or when it has been replaced. (One that hangs does not end.)
    const { exit } = victim
    if (random.chance(0.5)) await Promise.race([exit, tree.exit, ...(isKilled ? [] : [delay(1_000)])])
  }
  await tree?.stop({ timeoutMs: 2_000 })
  await Promise.all([...traces.actors].map(({ exit }) => exit))
  expect([...traces.pids].filter(isAlive), 'processes').toEqual([])
  expect(
    readdirSync(temporary).filter((name) => name.startsWith('troupe-')),
    'private files',
  ).toEqual([])
  expect([...traces.actors].filter(({ hasEnded }) => !hasEnded)).toEqual([])
  // Node closes the handle of a process some turns after its exit.
  await expect
    .poll(() => process.getActiveResourcesInfo().filter(isHandle), { interval: 5, timeout: 5_000 })
    .toEqual([])
})

const isHandle = (what: string) => what === 'ProcessWrap' || what === 'Worker'
