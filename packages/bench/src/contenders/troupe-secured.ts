/**
 * Our farm with workers that have joined over tcp by their certificate.
 */
import { Farm, FarmWorkers } from '@troupe/actors/farm'
import { Certificate } from '@troupe/core'
import type { Contender } from '../contender.js'
import { callsOf, TASKS } from './troupe.js'
import { troupeRemote } from './troupe-remote.js'

export const troupeSecured: Contender = {
  name: 'troupe farm, joined over tcp by CURVE',
  abilities: troupeRemote.abilities,
  async start({ task, workers }) {
    const tasks = new URL('./troupe.tasks.js', import.meta.url)
    const [ours, theirs] = [Certificate.generate(), Certificate.generate()]
    const security = { certificate: ours, trust: theirs }
    const farm = await Farm.start({ tasks, workers: 0, endpoint: 'tcp://127.0.0.1:*', joinable: true, security })
    const joined = await FarmWorkers.join({
      ...{ tasks, slots: workers, farm: farm.endpoint! },
      security: { certificate: theirs, trust: ours.publicOnly() },
    })
    return {
      ...callsOf(farm, TASKS[task]),
      async stop() {
        await joined.stop()
        await farm.stop()
      },
    }
  },
}
