/**
 * An order that survives kill -9: a machine of xstate, as it is, in a process of its own. What each event has changed is
 * in a file before its answer is given, and the next incarnation goes on from there.
 *
 * Run: node examples/dist/14-order.js
 * Expected output:
 *   open, with tea
 *   paid, with tea, cake
 *   restarting
 *   paid, with tea, cake: in another process
 *   it ended: normal, tea and cake, on the way
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Actor, type ActorSnapshot, fileJournal, type ModuleExport } from '@troupe/actors/actor'
import { Supervisor } from '@troupe/actors/supervisor'
import type { order } from './14-order.machine.js'

const CODE: ModuleExport<typeof order> = { module: new URL('./14-order.machine.js', import.meta.url), export: 'order' }
const folder = await mkdtemp(join(tmpdir(), 'orders-'))

/** Prints its state and what is in its context. */
const told = ({ value, context }: ActorSnapshot) =>
  `${value}, with ${(context as { items: string[] }).items.join(', ')}`

try {
  await using orders = await Supervisor.start({
    name: 'orders',
    children: [
      {
        id: '4711',
        restart: 'transient',
        // Its key in the journal is its path in the tree.
        start: () => Actor.start(CODE, undefined, { isolation: 'process', persist: fileJournal(folder) }),
      },
    ],
  })
  const it = orders.lookup<typeof order>('orders/4711')
  console.log(told(await it.ask({ type: 'add', item: 'tea' })))
  await it.send({ type: 'add', item: 'cake' })
  console.log(told(await it.ask({ type: 'pay' })))
  orders.subscribe(({ type }) => type === 'restarting' && console.log(type))

  const { pid, exit } = it.actor!
  process.kill(pid!, 'SIGKILL')
  await exit
  // An event that the machine has no transition for changes nothing: it only asks.
  console.log(`${told(await it.ask({ type: 'pay' }))}: in ${it.actor?.pid === pid ? 'the same' : 'another'} process`)

  const { exit: end } = it.actor!
  await it.send({ type: 'ship' })
  const exited = await end
  console.log(`it ended: ${exited.reason}, ${exited.reason === 'normal' ? exited.output : ''}`)
} finally {
  await rm(folder, { recursive: true })
}
