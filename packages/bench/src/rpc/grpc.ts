/**
 * gRPC in JavaScript: a .proto file that is loaded when it starts, one channel for each client.
 */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import {
  credentials,
  type handleServerStreamingCall,
  type handleUnaryCall,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { checkedCall, checkedEcho, checkedMessages, Message } from './message.js'
import type { Rpc } from './rpc-contender.js'

interface Proto {
  readonly bench: { readonly Echo: ServiceClientConstructor }
}
interface Range {
  readonly count: number
}

const PROTO = fileURLToPath(new URL('../../proto/echo.proto', import.meta.url))
// Without the defaults a field that is 0 would be missing.
const { Echo } = (loadPackageDefinition(loadSync(PROTO, { defaults: true })) as unknown as Proto).bench

export const grpcJs: Rpc = {
  async serve() {
    const server = new Server()
    server.addService(Echo.service, { call, read })
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      )
    })
    return `127.0.0.1:${port}`
  },
  async connect(address) {
    // Else all clients of a process share one connection.
    const client = new Echo(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
    const ask = (question: Message) =>
      new Promise<unknown>((resolve, reject) => {
        client.call!(question, (error: Error | null, answer: unknown) =>
          error === null ? resolve(answer) : reject(error),
        )
      })
    return {
      call: checkedCall(ask),
      async read(count, take) {
        const stream = client.read!({ count })
        stream.on('data', (message: unknown) => take(Message.parse(message)))
        await once(stream, 'end')
      },
    }
  },
}

const call: handleUnaryCall<unknown, Message> = ({ request }, answer) => answer(null, checkedEcho(request))

const read: handleServerStreamingCall<Range, Message> = async (stream) => {
  for (const message of checkedMessages(stream.request.count)) {
    if (!stream.write(message)) await once(stream, 'drain')
  }
  stream.end()
}
