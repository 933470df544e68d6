/**
 * What every server answers, whatever its contract: for who has no contract of it.
 */
import { z } from 'zod'
import { type Client, connect } from './client/client.js'
import type { CallOptions, ConnectOptions } from './client/connect.options.js'
import { ANY_SERVICE, procedure } from './contract.js'
import { type ContractDescription, Description } from './describe.js'
import type { Health } from './server/server-core.js'
import type { Schema } from './standard.js'

const count = z.number()

const HealthShape: Schema<unknown, Health> = z.object({
  status: z.enum(['serving', 'draining']),
  service: z.string(),
  version: z.string().nullable().default(null),
  instance: z.string(),
  ...{ running: count, queued: count, sessions: count, uptimeMs: count },
  ...{ done: count.optional(), failed: count.optional(), cancelled: count.optional(), overloaded: count.optional() },
  workers: count.optional(),
})

/**
 * The contract of every server: a client of it asks any for its health and for its own contract.
 * @example
 * await using client = connect(everyServer, { endpoints: ['tcp://127.0.0.1:7000'] })
 * console.log(await client.$health())
 */
export const everyServer = Object.freeze({
  name: ANY_SERVICE,
  version: undefined,
  procedures: Object.freeze({
    $health: procedure({ output: HealthShape, idempotent: true }),
    $describe: procedure({ output: Description, idempotent: true }),
  }),
})

/** Those of a client that asks once. */
export interface AskOptions extends Omit<ConnectOptions, 'endpoints'> {
  /** Gives it up. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks a server, whatever it serves, for its contract; `contractFrom` makes a contract of the answer that a client can have.
 * @throws {TroupeError} what a call of a client rejects with: `UNAVAILABLE` when no server answers
 * @example
 * const endpoint = 'tcp://127.0.0.1:7000'
 * const { procedures } = await describe(endpoint)
 */
export const describe = (endpoint: string, options: AskOptions = {}): Promise<ContractDescription> =>
  ask(endpoint, options, (client, call) => client.$describe(undefined, call))

/** Asks a server, whatever it serves, for its health. @throws {TroupeError} as {@link describe} */
export const health = (endpoint: string, options: AskOptions = {}): Promise<Health> =>
  ask(endpoint, options, (client, call) => client.$health(undefined, call))

async function ask<Answer>(
  endpoint: string,
  { signal, ...options }: AskOptions,
  make: (client: Client<typeof everyServer>, call: CallOptions) => Promise<Answer>,
): Promise<Answer> {
  await using client = connect(everyServer, { ...options, endpoints: [endpoint] })
  return await make(client, { signal })
}
