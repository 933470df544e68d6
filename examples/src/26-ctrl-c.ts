/**
 * Ctrl-C stops a farm in order: the tasks that run are told by their signals, what does not listen is killed half a second
 * later, and the program ends with status 130. Left alone it ends by itself.
 *
 * Run: node examples/dist/26-ctrl-c.js
 * Expected output:
 *   working: press Ctrl-C to stop
 *   40 of 40 done
 */
import { Farm } from '@troupe/actors/farm'
import { work } from './26-patient.js'

const aborter = new AbortController()
process.once('SIGINT', () => aborter.abort())

let done = 0
try {
  await using farm = await Farm.start({
    ...{ tasks: new URL('./26-patient.js', import.meta.url), workers: 2 },
    ...{ signal: aborter.signal, shutdownMs: 500 },
  })
  for await (const _ of farm.map(work, Array(40).keys())) if (++done === 1) console.log('working: press Ctrl-C to stop')
} catch (error) {
  if (!aborter.signal.aborted) throw error
  process.exitCode = 130
}
console.log(`${done} of 40 done`)
