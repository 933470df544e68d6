/**
 * NATS: requests and replies as JSON, over a nats-server that belongs to the server's process.
 */
import { connect, JSONCodec } from 'nats'
import { checkedCall, checkedEcho } from './message.js'
import { startNatsServer } from './nats-server.js'
import type { Rpc } from './rpc-contender.js'

const SUBJECT = 'echo'
const TIMEOUT_MS = 30_000

const codec = JSONCodec<unknown>()

export const nats: Rpc = {
  async serve() {
    const address = await startNatsServer()
    const connection = await connect({ servers: address })
    connection.subscribe(SUBJECT, {
      callback: (error, message) => {
        if (error !== null) throw error
        message.respond(codec.encode(checkedEcho(codec.decode(message.data))))
      },
    })
    // The subscription has reached the nats-server before a client does.
    await connection.flush()
    return address
  },
  async connect(address) {
    const connection = await connect({ servers: address })
    return {
      call: checkedCall(async (question) => {
        const { data } = await connection.request(SUBJECT, codec.encode(question), { timeout: TIMEOUT_MS })
        return codec.decode(data)
      }),
    }
  },
}
