/**
 * Workers in Python that have joined over tcp, beside Celery and multiprocessing: no-op tasks, and tasks of a millisecond.
 */
import { canRun, pythonPools } from '../contenders/all.js'
import { troupePython } from '../python/troupe-python.js'
import type { Scenario } from '../scenario.js'
import { figure } from '../table.js'
import { rateTable } from '../throughput.js'
import { listLength, listRates } from './list-rates.js'
import { spunShare } from './spun-share.js'

const SLOW_PART = 1 / 50
const SLOW = pythonPools.filter(({ slow }) => slow).map(({ name }) => name)
const HOW =
  'The tasks of all are the same functions in Python. Our farm is a Node process, and its workers are those of packages/interop; ' +
  'the client of each other is a Python process. Celery has prefork workers, one Redis on a Unix socket for messages and results, ' +
  'msgpack, and a prefetch multiplier of 128; its groups are of 1,000 tasks, its chunks of 100. ' +
  'Pool.map chooses its chunks, Pool.imap sends a message a task.'

export const pythonRate: Scenario = async (options) => {
  const title = `No-op tasks in Python, map over ${figure(listLength(options))}`
  const text = `${HOW} ${SLOW.join(' and ')} take a fiftieth of the list.${absent()}`
  if (!canRun(troupePython)) return { title, text, tables: [], targets: [] }
  const pools = pythonPools.filter(canRun)
  const summaries = await listRates(pools, SLOW_PART, options)
  return { title, text, tables: [rateTable(pools, summaries, troupePython.name)], targets: [] }
}

export const pythonCpu: Scenario = async (options) => {
  const section = await spunShare(pythonPools.filter(canRun), options)
  return { ...section, title: 'Tasks of 1 ms in Python, map', text: `${section.text}${absent()}` }
}

/** Who was left out, and why. */
function absent(): string {
  const reasons = pythonPools.map(({ name, missing }) => [name, missing?.()] as const)
  return reasons.map(([name, why]) => (why === undefined ? '' : ` ${name} was left out: ${why}.`)).join('')
}
