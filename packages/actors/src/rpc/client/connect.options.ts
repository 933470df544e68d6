/**
 * The options of a client and of one call.
 */
import { BackoffOptions, Certificate, CertificateStore, curveSecurity, type Logger } from '@troupe/core'
import { z } from 'zod'
import type { CallContext } from '../call-context.js'

const time = z
  .number()
  .min(0)
  .max(2 ** 31 - 1)
const count = z.number().int().positive()

/** Whom it connects to has one key; of a path or a store that is seen when it connects. */
const ofOneServer = ({ trust }: { readonly trust: unknown }): boolean =>
  Array.isArray(trust)
    ? trust.length === 1
    : trust instanceof Certificate ||
      trust instanceof CertificateStore ||
      (typeof trust === 'string' && trust !== 'anyone')

const OF_SERVERS =
  'the one certificate of the servers: a Certificate, the path of its file, or a folder or CertificateStore of it alone'

/** Servers as they are known now; each list that comes replaces the one before. */
export type EndpointSource = AsyncIterable<readonly string[]>

export const ConnectOptions = z.strictObject({
  /** The servers, as `tcp://10.0.0.1:7000`: a list, or lists that come over time, as of a registry. */
  endpoints: z.union(
    [
      z.array(z.string().min(1)).min(1),
      z.custom<EndpointSource>(
        (value) => typeof (value as EndpointSource | null)?.[Symbol.asyncIterator] === 'function',
      ),
    ],
    // zod says so of what is no list; of a list it says what is wrong in it.
    'must be a list of endpoints, or an async iterable of such lists',
  ),
  /**
   * Encrypts by CURVE: `trust` is the certificate of the servers, the same for all, and `certificate` its own, which it proves to them;
   * without, it has a new key. Files are read again for each connection. Over inproc it encrypts nothing. Default: none.
   */
  security: curveSecurity(OF_SERVERS)
    .refine(ofOneServer, { path: ['trust'], message: `must be ${OF_SERVERS}` })
    .optional(),
  /** How long a call without a stream waits, unless it or its procedure says otherwise, in ms; 0 for ever. */
  timeoutMs: time.default(5_000),
  /** How long a call waits for a server when none is there, in ms; then it fails with `UNAVAILABLE`. */
  waitForServerMs: time.default(2_000),
  /** Which server gets a call: the one with the fewest calls of two random ones, or each in turn. */
  balance: z.enum(['least_pending', 'round_robin']).default('least_pending'),
  /** How many times an idempotent call that failed with a retryable error is tried again. */
  retries: z.number().int().nonnegative().default(2),
  /** The delay before it is. */
  backoff: BackoffOptions.default({ minMs: 20, maxMs: 1_000, factor: 2, jitter: 0.5 }),
  /** How many calls may be tried again or hedged, as a share of those that are made; 0 for none. */
  retryBudget: z.number().min(0).max(1).default(0.2),
  /** An idempotent call without an answer for so long is made at another server too, in ms; 0 never. */
  hedgeAfterMs: time.default(0),
  /** A server gets no calls for `resetMs` after so many `failures`, one after the other; 0 failures for never. */
  breaker: z
    .strictObject({
      failures: z.number().int().nonnegative().default(10),
      resetMs: z.number().positive().default(1_000),
    })
    .default({ failures: 10, resetMs: 1_000 }),
  /** The delay before a server that was lost is tried again. */
  reconnect: BackoffOptions.default({ minMs: 50, maxMs: 2_000, factor: 2, jitter: 0.5 }),
  /** How many items of a stream from a server may be under way or wait for their reader. */
  window: count.max(65_536).default(1_024),
  /** How many calls may be under way at once; one more fails with `QUEUE_FULL`. */
  maxPending: count.default(65_536),
  /** The largest frame that is taken from a server, in bytes. A server of ours knows it. */
  maxMessageBytes: z.number().int().min(1_024).default(16_777_216),
  /** How values are put on the wire. */
  codec: z.enum(['msgpack', 'json']).default('msgpack'),
  /** Goes with each call. */
  metadata: z.record(z.string(), z.string()).default({}),
  /** Where it logs. Default: silent, or stderr at the level that TROUPE_LOG names. */
  log: z
    .custom<Logger>((value) => typeof (value as Logger | null)?.child === 'function', 'must be a pino logger')
    .optional(),
})

export const CallOptions = z.strictObject({
  /** Gives the call up: its handler's signal aborts, and it is rejected with `ABORTED`. */
  signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, 'must be an AbortSignal').optional(),
  /** How long the call waits for its end, in ms; 0 for ever. Default: the procedure's; without a stream else the client's. */
  timeoutMs: time.optional(),
  /** Goes with the call, beside the client's. */
  metadata: z.record(z.string(), z.string()).optional(),
  /** Calls with one key go to one server, as long as that is there. */
  key: z.string().optional(),
  /** How many times it is tried again, if it is idempotent. */
  retries: z.number().int().nonnegative().optional(),
  /** After how long without an answer it is made at another server too, if it is idempotent, in ms; 0 never. */
  hedgeAfterMs: time.optional(),
  /** The call within which this one is made: it ends with that, waits no longer, and continues its trace. */
  parent: z
    .custom<CallContext>(
      (value) => (value as CallContext | null)?.signal instanceof AbortSignal,
      'must be the context of a call',
    )
    .optional(),
})

export type ConnectOptions = z.input<typeof ConnectOptions>
export type CheckedConnectOptions = z.output<typeof ConnectOptions>
export type CallOptions = Omit<z.input<typeof CallOptions>, 'parent'> & {
  readonly parent?: Pick<CallContext, 'signal' | 'leftMs' | 'metadata'> | undefined
}
