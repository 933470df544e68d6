import { resolveLog } from '@troupe/core'
import { ZMQPull } from '@troupe/push-pull'
import { expect, it } from 'vitest'
import { LastWord } from '../../dist/farm/remote/last-word.js'
import { decodeHeader } from '../../dist/farm/wire.js'

it('every worker that is to be killed is told so once, however many there are, though the farm ends meanwhile', async () => {
  await using control = new ZMQPull('@tcp://127.0.0.1:*', { codec: 'frames' })
  const hello = { control: await control.endpoint(), inbox: undefined, pid: 1, tasks: [], encodings: ['msgpack'] }
  const word = new LastWord({
    ...{ run: 'a run', log: resolveLog() },
    sink: () => 'tcp://127.0.0.1:7000',
    securityFor: () => undefined,
  })
  const incarnations = Array.from({ length: 100 }, (_, n) => `worker ${n}`)
  for (const one of [...incarnations, ...incarnations.slice(0, 10)]) word.kill(hello as never, one, 'it hangs')
  await word.close()
  const told: string[] = []
  while (told.length < 100) told.push(decodeHeader((await control.receive())!)!.incarnation)
  expect(told.sort()).toEqual(incarnations.sort())
})
