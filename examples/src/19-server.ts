/**
 * A server of 19-servers.ts, as an actor: it serves until it is stopped, and finishes the calls that it has.
 */
import type { ActorContext, Pipe } from '@troupe/actors/code'
import { contract, procedure, serve } from '@troupe/actors/rpc'
import { z } from 'zod'

export const pricing = contract('pricing', {
  procedures: {
    quote: procedure({
      input: z.string(),
      output: z.object({ ticker: z.string(), pid: z.number() }),
      idempotent: true,
    }),
  },
})

export async function server(pipe: Pipe, endpoint: string, { log }: ActorContext): Promise<void> {
  const handlers = { quote: (ticker: string) => ({ ticker, pid: process.pid }) }
  await using service = await serve(pricing, handlers, { endpoint, log })
  await pipe.send(service.endpoint)
  for await (const _ of pipe);
}
