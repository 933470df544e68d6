/**
 * The server of 06-hello-world-client.ts: answers each request, until it is stopped.
 */
import { ZMQReply } from '@troupe/request-reply'

await using reply = new ZMQReply('tcp://127.0.0.1:16506')

for await (const request of reply) await reply.send(`${request} world`)
