/**
 * Troupe's RPC: one contract, checked by Troupe itself at both ends.
 */
import { connect, contract, procedure, serve } from '@troupe/actors/rpc'
import { Certificate } from '@troupe/core'
import { z } from 'zod'
import { Message, messageOf } from './message.js'
import type { Rpc, RpcClient } from './rpc-contender.js'

const echo = contract('echo', {
  procedures: {
    call: procedure({ input: Message, output: Message }),
    read: procedure({ input: z.int(), stream: { out: Message } }),
  },
})

const handlers = { call: (question: Message) => question, read: messagesOf }
/** Of ten thousand that connect at once the last must wait for a while. */
const PATIENCE = { waitForServerMs: 60_000, timeoutMs: 60_000 }

export const troupe: Rpc = {
  async serve() {
    const service = await serve(echo, handlers, { endpoint: 'tcp://127.0.0.1:*' })
    return service.endpoint
  },
  async connect(address) {
    return clientOf(connect(echo, { endpoints: [address], ...PATIENCE }))
  },
}

/** The same, encrypted, where both know whom they talk to. */
export const troupeSecured: Rpc = {
  async serve() {
    const [ours, theirs] = [Certificate.generate(), Certificate.generate()]
    const security = { certificate: ours, trust: theirs }
    const service = await serve(echo, handlers, { endpoint: 'tcp://127.0.0.1:*', security })
    const { publicKey, secretKey } = theirs
    return JSON.stringify({ endpoint: service.endpoint, server: ours.publicKey, publicKey, secretKey } satisfies Place)
  },
  async connect(address) {
    const { endpoint, server, publicKey, secretKey } = JSON.parse(address) as Place
    const security = {
      certificate: Certificate.fromKeys({ publicKey, secretKey }),
      trust: Certificate.fromKeys({ publicKey: server }),
    }
    return clientOf(connect(echo, { endpoints: [endpoint], security, ...PATIENCE }))
  },
}

/** Where a secured service is, and by which keys it is talked to. */
export interface Place {
  readonly endpoint: string
  readonly server: string
  readonly publicKey: string
  readonly secretKey: string | undefined
}

function clientOf(client: ReturnType<typeof connect<typeof echo>>): RpcClient {
  return {
    call: (question) => client.call(question),
    async read(count, take) {
      for await (const message of client.read(count)) take(message)
    },
  }
}

function* messagesOf(count: number): Generator<Message> {
  for (let id = 0; id < count; id++) yield messageOf(id)
}
