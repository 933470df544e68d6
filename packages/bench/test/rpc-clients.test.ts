import { expect, test } from 'vitest'
import { type Message, messageOf } from '../dist/rpc/message.js'
import { Clients, type RpcOrder } from '../dist/rpc/orders.js'
import type { RpcClient } from '../dist/rpc/rpc-contender.js'

const call: RpcOrder = { act: 'call', callers: 8, forMs: 1 }
const lone: RpcOrder = { act: 'lone', count: 20 }
const read: RpcOrder = { act: 'read', count: 20 }
const open: RpcOrder = { act: 'open', count: 20 }
const callKept: RpcOrder = { act: 'callKept' }

test.each([lone, read, open])('what is answered rightly is counted: %j', async (order) => {
  const clients = await clientsOf({})
  expect(await clients.carryOut(order)).toMatchObject({ count: 20 })
})

test('a closed loop has as many calls in flight as it has callers', async () => {
  let [inFlight, most] = [0, 0]
  const clients = await clientsOf({
    async call(question) {
      most = Math.max(most, ++inFlight)
      await Promise.resolve()
      inFlight--
      return question
    },
  })
  const { count } = await clients.carryOut(call)
  expect({ most, enough: count >= 8 }).toEqual({ most: 8, enough: true })
})

test('every client that is kept is called again', async () => {
  const clients = await clientsOf({})
  await clients.carryOut(open)
  expect(await clients.carryOut(callKept)).toMatchObject({ count: 20 })
})

test.each([[{ id: 5 }], [{ x: 0.25 }], [{ y: 1 }], [{ text: 'x' }]])(
  'one answer with another value, %j, ends a round',
  async (wrong) => {
    for (const order of [call, lone, open]) {
      const clients = await clientsOf({
        call: async (question) => (question.id === 7 ? { ...question, ...wrong } : question),
      })
      await expect(clients.carryOut(order)).rejects.toThrow('came, and not')
    }
  },
)

test.each([
  ['lost', (all: Message[]) => all.slice(0, -1), 'messages came of 20'],
  ['given twice', (all: Message[]) => [...all, all[19]!], 'came, and not'],
  ['overtaken', ([first, second, ...rest]: Message[]) => [second!, first!, ...rest], 'came, and not'],
])('a message of a stream that was %s ends a round', async (_, spoil, why) => {
  const clients = await clientsOf({ read: async (count, take) => spoil(messagesTo(count)).forEach(take) })
  await expect(clients.carryOut(read)).rejects.toThrow(why)
})

/** Clients of an echo, but for what is given. */
function clientsOf(client: Partial<RpcClient>): Promise<Clients> {
  const right: RpcClient = {
    call: async (question) => question,
    read: async (count, take) => messagesTo(count).forEach(take),
  }
  const rpc = { serve: async () => '', connect: async () => ({ ...right, ...client }) }
  return Clients.start(rpc, '')
}

const messagesTo = (count: number): Message[] => Array.from({ length: count }, (_, id) => messageOf(id))
