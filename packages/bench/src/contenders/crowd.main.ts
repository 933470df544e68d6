/**
 * Workers that join the farm at an endpoint, all in this process, each with its own sockets, until a signal ends it.
 */
import { FarmWorkers } from '@troupe/actors/farm'

const [, , farm, slots] = process.argv
const tasks = new URL('./troupe.tasks.js', import.meta.url)
const workers = await FarmWorkers.join({
  ...{ tasks, farm: farm!, slots: Number(slots), isolation: 'inline', joinTimeoutMs: 0 },
  // They share an event loop with all others here, so they are not to be hasty.
  intensity: 1_000,
})
process.on('SIGTERM', () => void workers.stop())
process.on('disconnect', () => void workers.stop())
await workers.exit
process.disconnect?.()
