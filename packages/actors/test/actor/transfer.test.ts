import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { Actor, type ActorOptions } from '@troupe/actors/actor'
import { expect, it } from 'vitest'

const CODE = { module: new URL('./fixtures/port.mjs', import.meta.url), export: 'answering' }

it('ports and buffers in the arguments of a thread go over when they are in its transferList', async () => {
  const { port1, port2 } = new MessageChannel()
  const bytes = Uint8Array.of(1, 2, 3)
  const transferList = [port2, bytes.buffer]
  const actor = await Actor.start(CODE, { port: port2, bytes }, { isolation: 'thread', transferList })
  expect(bytes.byteLength).toBe(0)
  port1.postMessage('hello')
  expect(await once(port1, 'message')).toEqual([['hello', Uint8Array.of(1, 2, 3)]])
  const closed = once(port1, 'close')
  await actor.stop()
  await closed
})

it('a port that is not in the transferList is ENCODE_FAILED', async () => {
  const { port1, port2 } = new MessageChannel()
  const starting = Actor.start(CODE, { port: port2 }, { isolation: 'thread' })
  await expect(starting).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
  port1.close()
})

it.each<[string, ActorOptions]>([
  ['in this thread', { isolation: 'inline' }],
  ['in a process', { isolation: 'process' }],
  ['whose code is started anew after some messages', { isolation: 'thread', maxTasks: 5 }],
  ['whose code is started anew after some time', { isolation: 'thread', maxAgeMs: 5 }],
])('an actor %s takes no transferList: INVALID_OPTIONS', async (_what, options) => {
  const transferList = [new ArrayBuffer(8)]
  await expect(Actor.start(CODE, undefined, { ...options, transferList })).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
    message: expect.stringContaining('transferList'),
  })
})
