import type { ReplyOptions, RequestOptions } from '@troupe/core'
import { ZMQReply, ZMQRequest } from '@troupe/request-reply'
import { anyEndpoint, type Transport } from '@troupe/testing'

/** A reply and a request that is connected to it. */
export async function conversation<
  const Asking extends RequestOptions = Record<never, never>,
  const Answering extends ReplyOptions = Record<never, never>,
>(transport: Transport, asking?: Asking, answering?: Answering) {
  const reply = new ZMQReply(anyEndpoint(transport), answering)
  const request = new ZMQRequest(await reply.endpoint(), asking)
  return {
    request,
    reply,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([request.close(), reply.close()])
    },
  }
}

/** Answers each request until it is closed. */
export async function serve(reply: ZMQReply, answer: (request: string) => string): Promise<void> {
  for await (const request of reply) await reply.send(answer(request))
}
