/**
 * The process that one contender has to itself: its heap, its compiled code and its workers are nobody else's.
 */
import { contenderNamed } from './contenders/all.js'
import { type Order, type Round, serveOrders } from './host.js'
import { inFlight } from './in-flight.js'
import type { Tally } from './point.js'
import type { TaskKind } from './work.js'

const [, , name, task, workers] = process.argv
const contender = contenderNamed(name)
const pool = await contender.start({ task: task as TaskKind, workers: Number(workers) })

serveOrders(carryOut, () => pool.stop())

async function carryOut(order: Order): Promise<Round> {
  const began = performance.now()
  const { count } = await run(order)
  return { count, seconds: (performance.now() - began) / 1_000 }
}

async function run(order: Order): Promise<Tally> {
  const { submit } = pool
  if (order.by === 'submit' && submit !== undefined) return inFlight((input) => submit(input), order)
  const { count = 0 } = order
  const tally = await pool.map(count)
  tally.assertComplete(count, contender.name)
  return tally
}
