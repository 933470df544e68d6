/**
 * Our farm with workers that were started beside it and have joined over tcp.
 */
import { Farm, FarmWorkers } from '@troupe/actors/farm'
import type { Contender } from '../contender.js'
import { callsOf, TASKS, troupe } from './troupe.js'

export const troupeRemote: Contender = {
  name: 'troupe farm, joined over tcp',
  abilities: { ...troupe.abilities, deadWorker: 'its tasks run elsewhere; who started it starts it again' },
  async start({ task, workers }) {
    const tasks = new URL('./troupe.tasks.js', import.meta.url)
    const farm = await Farm.start({ tasks, workers: 0, endpoint: 'tcp://127.0.0.1:*', joinable: true })
    const joined = await FarmWorkers.join({ tasks, slots: workers, farm: farm.endpoint! })
    return {
      ...callsOf(farm, TASKS[task]),
      async stop() {
        await joined.stop()
        await farm.stop()
      },
    }
  },
}
