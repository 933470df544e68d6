/**
 * The command: `chaos [--tasks N] [--seed SEED]`. Plays both kinds of maps; what it saw on stdout. It exits with 1 when a result
 * was lost or came twice.
 */
import { parseArgs } from 'node:util'
import { chaos } from './chaos.js'

const { values } = parseArgs({ options: { tasks: { type: 'string' }, seed: { type: 'string' } } })
const count = Number(values.tasks ?? 100_000)
const seed = Number(values.seed ?? Date.now() % 1_000_000)

for (const [way, options] of [
  ['map', {}],
  ['mapUnordered', { endpoint: 'tcp://127.0.0.1:*' }],
] as const) {
  const { killed, stopped, wrong, stats } = await chaos({ count, seed, way, options, every: [200, 1_800] })
  const { done, redelivered, restarts } = stats
  const isRight = wrong.length === 0 && done === count
  console.log(
    `${way}, seed ${seed}: ${done} of ${count} tasks done, ${killed} workers killed, ${stopped} stopped, ` +
      `${restarts} restarts, ${redelivered} tasks redelivered: ${isRight ? 'each result once' : `WRONG: ${wrong}`}`,
  )
  if (!isRight) process.exitCode = 1
}
