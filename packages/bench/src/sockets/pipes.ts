/**
 * The contenders of the pipeline: how messages go from a push in one process to a pull in another.
 */
import type { PullOptions, PushOptions } from '@troupe/core'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { Pull, Push } from 'zeromq'

export const MESSAGE_BYTES = 64
/** How many messages a list has that is sent at once. */
const LIST = 1_000

/** The sending end. Resolves when all are accepted. */
export type Send = (count: number) => Promise<void>

/** The receiving end: gives how many have come, again and again. */
export interface Receiving {
  readonly address: string
  came(): Promise<number>
}

export interface Pipe {
  readonly name: string
  connect(address: string): Send
  bind(): Promise<Receiving>
}

const message = 'x'.repeat(MESSAGE_BYTES)
const PACKED = { packed: true } as const

export const raw: Pipe = {
  name: 'zeromq.js, a send awaited for each message',
  connect(address) {
    const push = new Push()
    push.connect(address)
    return async (count) => {
      for (let sent = 0; sent < count; sent++) await push.send(message)
    }
  },
  async bind() {
    const pull = new Pull()
    await pull.bind('tcp://127.0.0.1:*')
    return {
      address: pull.lastEndpoint!,
      async came() {
        const [part] = await pull.receive()
        return assertWhole(String(part))
      },
    }
  },
}

export const awaited: Pipe = {
  name: 'ZMQPush, a send awaited for each message',
  connect: (address) => sendEach(new ZMQPush(address)),
  bind: () => receiveEach(new ZMQPull('tcp://127.0.0.1:*')),
}

export const packedSends: Pipe = {
  name: 'ZMQPush, packed, a send awaited for each message',
  connect: (address) => sendEach(new ZMQPush(address, PACKED)),
  bind: () => receiveLists(),
}

export const packedLists: Pipe = {
  name: 'ZMQPush, packed, sendMany and receiveMany',
  connect(address) {
    const push = new ZMQPush(address, PACKED)
    const list = Array.from({ length: LIST }, () => message)
    return async (count) => {
      for (let sent = 0; sent < count; sent += LIST) await push.sendMany(list)
    }
  },
  bind: () => receiveLists(),
}

export const pipes: readonly Pipe[] = [raw, awaited, packedSends, packedLists]

const sendEach =
  (push: ZMQPush<PushOptions>): Send =>
  async (count) => {
    for (let sent = 0; sent < count; sent++) await push.send(message)
  }

async function receiveEach(pull: ZMQPull<PullOptions>): Promise<Receiving> {
  return { address: await pull.endpoint(), came: async () => assertWhole(String(await pull.receive())) }
}

async function receiveLists(): Promise<Receiving> {
  const pull = new ZMQPull('tcp://127.0.0.1:*', PACKED)
  return {
    address: await pull.endpoint(),
    async came() {
      const list = await pull.receiveMany()
      assertWhole(list[list.length - 1]!)
      return list.length
    },
  }
}

function assertWhole(text: string): 1 {
  if (text.length !== MESSAGE_BYTES) throw new Error(`a message of ${text.length} bytes came`)
  return 1
}
