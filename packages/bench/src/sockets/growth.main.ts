/**
 * Opens and closes sockets, and sends messages through one, in rounds; tells after each what the process holds.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { type Footprint, footprint } from './footprint.js'

const [, , rounds, sockets, messages] = process.argv.map(Number)
/** libzmq closes in the background. */
const SETTLED_MS = 300

const after = { sockets: [] as Footprint[], messages: [] as Footprint[] }
for (let round = 0; round < rounds!; round++) {
  for (let opened = 0; opened < sockets!; opened += 2) await openAndClose()
  after.sockets.push(await settled())
}
await using pull = new ZMQPull('tcp://127.0.0.1:*', { codec: 'bytes' })
await using push = new ZMQPush(await pull.endpoint(), { codec: 'bytes' })
for (let round = 0; round < rounds!; round++) {
  await Promise.all([sendAll(messages!), receiveAll(messages!)])
  after.messages.push(await settled())
}
process.send?.(after)

async function openAndClose(): Promise<void> {
  const listening = new ZMQPull('tcp://127.0.0.1:*')
  const sending = new ZMQPush(await listening.endpoint())
  await sending.send('x')
  await listening.receive()
  await Promise.all([listening.close(), sending.close()])
}

async function sendAll(count: number): Promise<void> {
  const message = new Uint8Array(64)
  for (let sent = 0; sent < count; sent++) await push.send(message)
}

async function receiveAll(count: number): Promise<void> {
  for (let received = 0; received < count; received++) await pull.receive()
}

async function settled(): Promise<Footprint> {
  await delay(SETTLED_MS)
  globalThis.gc?.()
  globalThis.gc?.()
  return footprint()
}
