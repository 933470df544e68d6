/**
 * Servers that say which of them has answered, for tests of what a client does with several.
 */
import {
  type Client,
  type ConnectOptions,
  connect,
  contract,
  type EndpointSource,
  procedure,
  type Service,
  serve,
} from '@troupe/actors/rpc'
import { anyEndpoint } from '@troupe/testing'
import { z } from 'zod'
import { closing, track } from './open-service.js'

export const named = contract('named', {
  procedures: {
    /** May run twice. */
    who: procedure({ input: z.number().optional(), output: z.string(), idempotent: true }),
    /** May not. */
    only: procedure({ input: z.number().optional(), output: z.string() }),
    items: procedure({ stream: { out: z.string() } }),
  },
})

export type NamedClient = Client<typeof named>

/** What a server does with a call. Default: it answers. */
export type Deed = (signal: AbortSignal) => unknown

export interface NamedServer {
  readonly service: Service
  readonly name: string
  /** How many calls it has begun. */
  readonly begun: () => number
  /** What it does from now on. */
  does(deed: Deed): void
}

export const untilAborted: Deed = (signal) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

/** A server with a name. */
export async function openNamed(name: string, options: Record<string, unknown> = {}): Promise<NamedServer> {
  let deed: Deed = () => undefined
  let begun = 0
  const answer = async (_: number | undefined, { signal }: { signal: AbortSignal }) => {
    begun++
    await deed(signal)
    return name
  }
  const items = async function* (_: unknown, { signal }: { signal: AbortSignal }) {
    begun++
    yield name
    await untilAborted(signal)
  }
  const service = await serve(named, { who: answer, only: answer, items }, { endpoint: anyEndpoint('tcp'), ...options })
  return {
    service: track(service),
    name,
    begun: () => begun,
    does(next) {
      deed = next
    },
  }
}

/** A client of servers, or of endpoints. */
export function clientOf(
  servers: readonly (NamedServer | string)[] | EndpointSource,
  options: Partial<ConnectOptions> = {},
): NamedClient {
  const endpoints =
    Symbol.asyncIterator in servers
      ? servers
      : servers.map((server) => (typeof server === 'string' ? server : server.service.endpoint))
  return closing(connect(named, { endpoints, ...options }), (client) => client.close())
}
