/**
 * The unreliable server of 07-lazy-pirate-client.ts: at a client's first request of a kind it does what that says, later
 * it answers.
 */
import { ZMQReply } from '@troupe/request-reply'

const ENDPOINT = 'tcp://127.0.0.1:16507'
const failed = new Set<string>()
let reply = new ZMQReply(ENDPOINT)

for (;;) {
  const request = await reply.receive()
  if (request === undefined) break
  const { kind, client } = JSON.parse(request) as { kind: string; client: number }
  const first = !failed.has(`${client} ${kind}`)
  failed.add(`${client} ${kind}`)
  if (first && kind === 'stall') {
    await new Promise((resolve) => setTimeout(resolve, 600))
    // Too late: it must not be taken for the reply to another request.
    await reply.send(JSON.stringify({ kind, tries: 'an answer that is late' }))
  } else if (first && kind === 'garble') {
    await reply.send('{"kind": "gar')
  } else if (first && kind === 'crash') {
    await reply.close()
    reply = new ZMQReply(ENDPOINT)
  } else {
    await reply.send(JSON.stringify({ kind, tries: kind === 'fine' ? 1 : 2 }))
  }
}
