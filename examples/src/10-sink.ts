/**
 * The sink of 10-ventilator.ts: gathers the results of all workers, and says when it has as many as there were tasks.
 */
import { ZMQPull, ZMQPush } from '@troupe/push-pull'

await using inbox = new ZMQPull('tcp://127.0.0.1:16702')
await using done = new ZMQPush('tcp://127.0.0.1:16703')

let [expected, came, sum] = [Number.POSITIVE_INFINITY, 0, 0]
while (came < expected) {
  // A worker may be quicker than the ventilator, and its result come before the begin.
  const [kind, number] = (await inbox.receive()).split(' ')
  if (kind === 'begin') expected = Number(number)
  else {
    came++
    sum += Number(number)
  }
}
await done.send(String(sum))
