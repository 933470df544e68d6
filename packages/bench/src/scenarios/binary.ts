/**
 * Tasks with a mebibyte in and a mebibyte out.
 */
import { Host, type Order } from '../host.js'
import { alternate } from '../rounds.js'
import type { Scenario } from '../scenario.js'
import { rates, rateTable, rateTarget } from '../throughput.js'

const MAIN = new URL('../binary.main.js', import.meta.url)
const THREADS = { name: 'troupe farm, threads' }
const PROCESSES = { name: 'troupe farm, processes' }
const PISCINA = { name: 'piscina' }
const WANTED = 3

export const binary: Scenario = async ({ workers, rounds, quick }) => {
  const contenders = [THREADS, PROCESSES, PISCINA]
  const start = ({ name }: { readonly name: string }) => Host.start<Order>(name, MAIN, [name, String(workers)])
  const orderFor = () => ({ by: 'submit' as const, count: quick ? 50 : 1_500 })
  const summaries = rates(await alternate(contenders, { start, rounds, warmUp: !quick, orderFor }))
  return {
    title: 'Tasks with 1 MiB in and 1 MiB out, submit, 8 in flight',
    text:
      'A task gives back the bytes that it got; the caller keeps its own. piscina clones them. Between processes the kernel ' +
      'copies each value out of one and into the other, through a buffer of a fifth of its size.',
    tables: [rateTable(contenders, summaries, PISCINA.name)],
    targets: rateTarget({ ours: THREADS, peer: PISCINA, least: WANTED, what: '1 MiB values, threads' }, summaries),
  }
}
