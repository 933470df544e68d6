/**
 * Troupe's RPC: one contract, checked by Troupe itself at both ends.
 */
import { connect, contract, procedure, serve } from '@troupe/actors/rpc'
import { z } from 'zod'
import { Message, messageOf } from './message.js'
import type { Rpc } from './rpc-contender.js'

const echo = contract('echo', {
  procedures: {
    call: procedure({ input: Message, output: Message }),
    read: procedure({ input: z.int(), stream: { out: Message } }),
  },
})

export const troupe: Rpc = {
  async serve() {
    const handlers = { call: (question: Message) => question, read: messagesOf }
    const service = await serve(echo, handlers, { endpoint: 'tcp://127.0.0.1:*' })
    return service.endpoint
  },
  async connect(address) {
    // Of ten thousand that connect at once the last must wait for a while.
    const client = connect(echo, { endpoints: [address], waitForServerMs: 60_000, timeoutMs: 60_000 })
    return {
      call: (question) => client.call(question),
      async read(count, take) {
        for await (const message of client.read(count)) take(message)
      },
    }
  },
}

function* messagesOf(count: number): Generator<Message> {
  for (let id = 0; id < count; id++) yield messageOf(id)
}
