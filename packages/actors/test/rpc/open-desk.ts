/**
 * A service whose calls are held until a test lets them go.
 */
import {
  type ConnectOptions,
  connect,
  contract,
  procedure,
  type ServeOptions,
  type Service,
  serve,
} from '@troupe/actors/rpc'
import { anyEndpoint } from '@troupe/testing'
import { z } from 'zod'
import { closing, track } from './open-service.js'

export const desk = contract('desk', {
  procedures: {
    /** Until it is let go, or aborted if it listens. */
    hold: procedure({ input: z.number(), output: z.number(), timeoutMs: 0 }),
    deaf: procedure({ input: z.number(), output: z.number(), timeoutMs: 0 }),
    quick: procedure({ input: z.number(), output: z.number() }),
    fail: procedure({ errors: { CLOSED_NOW: z.object({ until: z.number() }) } }),
    items: procedure({ stream: { out: z.number() } }),
  },
})

/** A desk, with what is held there. */
export async function openDesk(options: Partial<ServeOptions> = {}) {
  const held = new Map<number, () => void>()
  const began: number[] = []
  const stay = (n: number, signal?: AbortSignal) =>
    new Promise<number>((resolve, reject) => {
      began.push(n)
      held.set(n, () => resolve(n))
      signal?.addEventListener('abort', () => reject(signal.reason))
    })
  const service = await serve(
    desk,
    {
      hold: (n, { signal }) => stay(n, signal),
      deaf: (n) => stay(n),
      quick: (n) => n,
      fail: (_, { error }) => {
        throw error('CLOSED_NOW', { until: 8 })
      },
      items: () => [1, 2, 3],
    },
    { endpoint: anyEndpoint('tcp'), ...options },
  )
  return { service: track(service), began, release: (n: number) => held.get(n)?.() }
}

export const clientOf = (services: readonly Service[], options: Partial<ConnectOptions> = {}) =>
  closing(connect(desk, { endpoints: services.map(({ endpoint }) => endpoint), ...options }), (client) =>
    client.close(),
  )
