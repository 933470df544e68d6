/**
 * The process of one contender of the pipeline: it sends, and a process of its own receives.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { serveOrders } from '../host.js'
import { pipes } from './pipes.js'

const [, , name] = process.argv
const pipe = pipes.find((one) => one.name === name)
if (pipe === undefined) throw new Error(`no pipe "${name}"`)

const receiver = fork(fileURLToPath(new URL('./pipe-receiver.main.js', import.meta.url)), [pipe.name])
const [address] = (await once(receiver, 'message')) as [string]
const send = pipe.connect(address)

serveOrders<{ readonly count: number }>(
  async ({ count }) => {
    const received = once(receiver, 'message')
    receiver.send(count)
    const began = performance.now()
    await send(count)
    await received
    return { count, seconds: (performance.now() - began) / 1_000 }
  },
  async () => void receiver.disconnect(),
)
