/**
 * A tree that heals: one child is killed by kill -9, one throws, each is started again by its own supervisor, and who
 * speaks to them by their paths reaches what took their place, and is told so.
 *
 * Run: node examples/dist/13-tree.js
 * Expected output:
 *   the till has 250 cents
 *   till failed: the process of actor till was ended by SIGKILL
 *   the till has 5 cents, as new, in incarnation 2
 *   10 / 4 = 2.5
 *   clerk failed: actor clerk failed: division by zero
 *   the clerk was told 4 once more: restarted
 *   the desk was restarted 0 times
 */
import { Actor, handler, type ModuleExport } from '@troupe/actors/actor'
import { Supervisor, type SupervisorNotice } from '@troupe/actors/supervisor'
import type { till } from './13-till.js'

const TILL: ModuleExport<typeof till> = { module: new URL('./13-till.js', import.meta.url), export: 'till' }

const clerk = handler({
  receive: (divisor: number) => {
    if (divisor === 0) throw new RangeError('division by zero')
    return 10 / divisor
  },
})

const tell = (notice: SupervisorNotice) => {
  if (notice.type !== 'exited' || notice.exit.reason !== 'failed') return
  console.log(`${notice.id} failed: ${notice.exit.error.message}`)
}

await using shop = await Supervisor.start({
  name: 'shop',
  children: [
    { id: 'till', start: () => Actor.start(TILL, undefined, { isolation: 'process' }) },
    { id: 'desk', start: startDesk },
  ],
})
shop.subscribe(tell)

async function startDesk() {
  const child = { id: 'clerk', start: () => Actor.start(clerk, undefined, { name: 'clerk' }) }
  const desk = await Supervisor.start({ children: [child] })
  desk.subscribe(tell)
  return desk
}

const theTill = shop.lookup<typeof till>('shop/till')
console.log(`the till has ${await theTill.ask({ add: 250 })} cents`)
process.kill(theTill.actor!.pid!, 'SIGKILL')
await theTill.down()
// The next is asked while the till restarts: it waits for that.
console.log(`the till has ${await theTill.ask({ add: 5 })} cents, as new, in incarnation ${theTill.incarnation}`)

const theClerk = shop.lookup<typeof clerk>('shop/desk/clerk')
console.log(`10 / 4 = ${await theClerk.ask(4)}`)
await theClerk.ask(0).catch(() => undefined)
console.log(`the clerk was told 4 once more: ${await theClerk.send(4)}`)
console.log(`the desk was restarted ${shop.children()[1]?.restarts} times`)
