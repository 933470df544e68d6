/**
 * Workers for the farm at the endpoint that is given: what `troupe worker 27-primes.js --join ENDPOINT --slots 2` does. They
 * leave it at Ctrl-C, and end with it here; those of the command wait for the next farm.
 */
import { FarmWorkers } from '@troupe/actors/farm'

const [, , farm = ''] = process.argv
const tasks = new URL('./27-primes.js', import.meta.url)
const workers = await FarmWorkers.join({ tasks, farm, slots: 2, tags: ['arithmetic'] })
process.once('SIGINT', () => void workers.leave())
await workers.exit
