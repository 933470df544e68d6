import { execFileSync } from 'node:child_process'
import { Actor, type ActorOptions } from '@troupe/actors/actor'
import { Supervisor } from '@troupe/actors/supervisor'
import { isAlive } from '@troupe/testing/is-alive'
import { expect, it, onTestFinished } from 'vitest'

const until = (isSo: () => boolean) => expect.poll(isSo, { timeout: 30_000, interval: 20 }).toBe(true)

const CODE = { module: new URL('../actor/fixtures/actors.mjs', import.meta.url), export: 'echo' }

/** The processes of actors that this one has started, spares among them. */
function hosts(): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n')
  const rows = lines.map((line) => line.trim().split(/\s+/))
  return rows
    .filter(([, ppid, ...args]) => ppid === String(process.pid) && args.join(' ').includes('process-host'))
    .map(([pid]) => Number(pid))
}

async function treeWith(spares: number, options: ActorOptions = {}): Promise<Supervisor> {
  const tree = await Supervisor.start({ name: 'root', intensity: 10, spares })
  onTestFinished(() => tree.stop())
  const start = () => Actor.start(CODE, undefined, { isolation: 'process', ...options })
  await tree.startChild({ id: 'a', start })
  return tree
}

const pidOf = (tree: Supervisor) => tree.lookup('root/a').actor?.pid
const sparesOf = (tree: Supervisor) => hosts().filter((pid) => pid !== pidOf(tree))

it('a process that waits as a spare is the next that is needed, and another takes its place', async () => {
  const tree = await treeWith(1)
  await until(() => sparesOf(tree).length === 1)
  const [spare] = sparesOf(tree)
  const { actor } = tree.lookup('root/a')
  process.kill(actor!.pid!, 'SIGKILL')
  await actor!.exit
  await tree.lookup('root/a').send('hi')
  expect([pidOf(tree), await tree.lookup('root/a').actor!.receive()]).toEqual([spare, 'hi'])
  await until(() => sparesOf(tree).length === 1)
})

it('as many are kept as are wanted; one that dies is replaced, and a stop of the tree leaves none', async () => {
  const tree = await treeWith(2)
  await until(() => sparesOf(tree).length === 2)
  const all = hosts()
  // One that dies as soon as it was started would only be started again and again.
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  process.kill(sparesOf(tree)[0]!, 'SIGKILL')
  await until(() => sparesOf(tree).length === 2 && hosts().some((pid) => !all.includes(pid)))
  const left = hosts()
  await tree.stop()
  expect(left.filter(isAlive)).toEqual([])
})

it('an actor with another environment does not get one that is not for it', async () => {
  const tree = await treeWith(1)
  await until(() => sparesOf(tree).length === 1)
  const [spare] = sparesOf(tree)
  const start = () => Actor.start(CODE, undefined, { isolation: 'process', env: { OTHER: 'yes' } })
  await tree.startChild({ id: 'b', start })
  expect(tree.lookup('root/b').actor!.pid).not.toBe(spare)
  // From then on spares are for the like of it.
  await until(() => !isAlive(spare!))
})

it('without them none is started', async () => {
  const tree = await treeWith(0)
  await tree.lookup('root/a').send('hi')
  expect(hosts()).toEqual([pidOf(tree)])
})
