/**
 * A pipeline under rest_for_one: each stage depends on those before it. The middle one is killed by SIGKILL in the middle
 * of its work: it and the sink, whose half of a result is worth nothing now, start anew, while the source goes on. The
 * source is in this thread, the sums in a process, the sink in a thread: they reach each other by their paths.
 *
 * Run: node examples/dist/15-rest-for-one.js
 * Expected output:
 *   sums ended: the process of actor sums was ended by SIGKILL
 *   restarts: source 0, sums 1, sink 1
 *   100 sums, 0 of them wrong, the last is 5050
 */
import { Actor, type ModuleExport } from '@troupe/actors/actor'
import { Supervisor } from '@troupe/actors/supervisor'
import type * as stages from './15-stages.js'

const stage = <Name extends keyof typeof stages>(name: Name): ModuleExport<(typeof stages)[Name]> => ({
  module: new URL('./15-stages.js', import.meta.url),
  export: name,
})

let resolveWith: (sums: number[]) => void
const result = new Promise<number[]>((resolve) => {
  resolveWith = resolve
})

await using pipeline = await Supervisor.start({
  name: 'pipeline',
  strategy: 'rest_for_one',
  children: [
    { id: 'source', start: () => Actor.start(stage('source')) },
    {
      id: 'sums',
      start: ({ restarts }) => Actor.start(stage('sums'), { fails: restarts === 0 }, { isolation: 'process' }),
    },
    {
      id: 'sink',
      restart: 'transient',
      start: async () => {
        const sink = await Actor.start(stage('sink'), undefined, { isolation: 'thread' })
        // One that is stopped before it has all says nothing.
        void sink.receive().then((sums) => sums !== undefined && resolveWith(sums as number[]))
        return sink
      },
    },
  ],
})
pipeline.subscribe((notice) => {
  if (notice.type !== 'exited' || notice.id !== 'sums' || notice.exit.reason !== 'failed') return
  console.log(`sums ended: ${notice.exit.error.message}`)
})

const sums = await result
const wrong = sums.filter((sum, index) => sum !== ((index + 1) * (index + 2)) / 2)
const restarts = pipeline.children().map(({ id, restarts }) => `${id} ${restarts}`)
console.log(`restarts: ${restarts.join(', ')}`)
console.log(`${sums.length} sums, ${wrong.length} of them wrong, the last is ${sums.at(-1)}`)
