/**
 * Processes that do the work with no messages at all: what could be reached.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Contender } from '../contender.js'
import { Tally } from '../point.js'

export const bare: Contender = {
  name: 'bare processes, no messages',
  abilities: { validates: 'nothing', map: 'each does its part in one loop', deadWorker: 'its part is lost' },
  async start({ task, workers }) {
    const file = fileURLToPath(new URL('./bare.worker.js', import.meta.url))
    const children = Array.from({ length: workers }, () => fork(file, [task]))
    await Promise.all(children.map((child) => once(child, 'message')))
    return {
      async map(count) {
        const total = new Tally()
        const shares = await Promise.all(children.map((child, index) => share(child, index, workers, count)))
        for (const tally of shares) total.add(tally)
        return total
      },
      stop: async () => void (await Promise.all(children.map(stop))),
    }
  },
}

async function share(child: ChildProcess, first: number, step: number, count: number): Promise<Tally> {
  const answer = once(child, 'message')
  child.send({ first, step, count })
  const [tally] = (await answer) as [Tally]
  return tally
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.disconnect()
  await exited
}
