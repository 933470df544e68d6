/**
 * The contenders of the round trip: how a request goes to a reply in another process, and the answer back.
 */
import { ZMQReply, ZMQRequest } from '@troupe/request-reply'
import { Reply, Request } from 'zeromq'

/** Sends a request and resolves when its answer has come. */
export type Ask = () => Promise<unknown>

export interface RoundTrip {
  readonly name: string
  connect(address: string): Ask
  /** Answers for ever; resolves with the address. */
  serve(): Promise<string>
}

const message = 'x'.repeat(64)
const ANY = 'tcp://127.0.0.1:*'

export const rawRoundTrip: RoundTrip = {
  name: 'zeromq.js, Request and Reply',
  connect(address) {
    const request = new Request()
    request.connect(address)
    return async () => {
      await request.send(message)
      return await request.receive()
    }
  },
  async serve() {
    const reply = new Reply()
    await reply.bind(ANY)
    void (async () => {
      for await (const parts of reply) await reply.send(parts)
    })()
    return reply.lastEndpoint!
  },
}

export const ourRoundTrip: RoundTrip = {
  name: 'ZMQRequest and ZMQReply',
  connect(address) {
    const request = new ZMQRequest(address)
    return async () => {
      await request.send(message)
      return await request.receive()
    }
  },
  async serve() {
    const reply = new ZMQReply(ANY)
    void (async () => {
      for await (const text of reply) await reply.send(text)
    })()
    return await reply.endpoint()
  },
}

export const ourReliableRoundTrip: RoundTrip = {
  ...ourRoundTrip,
  name: 'ZMQRequest.request and ZMQReply',
  connect(address) {
    const request = new ZMQRequest(address)
    return () => request.request(message)
  },
}

export const roundTrips: readonly RoundTrip[] = [rawRoundTrip, ourRoundTrip, ourReliableRoundTrip]
