/**
 * Clients: a contract's procedures as functions.
 */
import { parseEndpoints, parseOptions, resolveLog, systemClock, type WaitOptions, waiting } from '@troupe/core'
import type { Contract, ProcedureSpec, StreamOf } from '../contract.js'
import type { AnySchema, InputOf, OutputOf } from '../standard.js'
import type { Given, Reject, Resolve, Source } from './client-call.js'
import { ClientCore } from './client-core.js'
import type { ClientState } from './client-state.js'
import { type CallOptions, ConnectOptions } from './connect.options.js'
import { dealerDial } from './dealer-link.js'

/** What is sent as a stream: read at most one item further than the server takes it. */
export type Outgoing<Item> = AsyncIterable<Item> | Iterable<Item>

/** A stream from a server, in order: to stop reading cancels the call. */
export type CallStream<Item> = AsyncIterableIterator<Item, undefined> & AsyncDisposable

type ResultOf<Spec extends ProcedureSpec> =
  StreamOf<Spec, 'out'> extends infer Out extends AnySchema
    ? CallStream<OutputOf<Out>>
    : Promise<Spec['output'] extends AnySchema ? OutputOf<Spec['output']> : void>

type ArgumentsOf<Spec extends ProcedureSpec> =
  StreamOf<Spec, 'in'> extends infer In extends AnySchema
    ? [input: InputOf<Spec['input']>, stream: Outgoing<InputOf<In>>, options?: CallOptions]
    : undefined extends InputOf<Spec['input']>
      ? [input?: InputOf<Spec['input']>, options?: CallOptions]
      : [input: InputOf<Spec['input']>, options?: CallOptions]

/** A procedure as its client calls it. */
export type Method<Spec extends ProcedureSpec> = (...args: ArgumentsOf<Spec>) => ResultOf<Spec>

export interface ClientControls extends AsyncDisposable {
  /** What it is connected to and does at present. */
  readonly state: ClientState
  /** Calls `listener` with the state whenever that of a server has changed, from now on; returns what ends that. */
  subscribe(listener: (state: ClientState) => void): () => void
  /** Resolves when a server takes calls. Calls wait for that by themselves. @throws {TroupeError} `ABORTED`, `TIMEOUT`, `CLOSED` */
  ready(options?: WaitOptions): Promise<void>
  /** Closes: calls without an end are rejected with `CLOSED`, and their handlers' signals abort. Idempotent. */
  close(): Promise<void>
}

export type Client<C extends Contract> = ClientControls & {
  readonly [Key in keyof C['procedures']]: Method<C['procedures'][Key]>
}

/**
 * Makes a client. It connects in the background, and again whenever it has to; a call waits for a server.
 *
 * A call runs at most once, if its procedure is not idempotent; one that is, is tried again at another server when its own is
 * lost. It is answered once. Streams are in order.
 * @throws {TroupeError} `INVALID_OPTIONS`, `INVALID_ENDPOINT`. Calls reject with `INVALID_INPUT`, `INVALID_OUTPUT`,
 * `DECLARED_ERROR`, `CALL_FAILED`, `REFUSED`, `TIMEOUT`, `ABORTED`, `OVERLOADED`, `UNAVAILABLE`, `SERVER_LOST`, `WORKER_LOST`,
 * `CIRCUIT_OPEN`, `UNKNOWN_PROCEDURE`, `UNKNOWN_SERVICE`, `VERSION_MISMATCH`, `MESSAGE_TOO_LARGE`, `ENCODE_FAILED`, `QUEUE_FULL`,
 * `PROTOCOL_ERROR`, `ACCESS_DENIED`, `CERTIFICATE_UNREADABLE`, `CLOSED`
 * @example
 * await using client = connect(pricing, { endpoints: ['tcp://10.0.0.1:7000', 'tcp://10.0.0.2:7000'] })
 * const quote = await client.quote('ACME', { timeoutMs: 500 })
 * for await (const tick of client.ticks('ACME')) console.log(tick)
 */
export function connect<C extends Contract>(contract: C, options: ConnectOptions): Client<C> {
  const checked = parseOptions(ConnectOptions, options, `a client of ${contract.name}`)
  const log = resolveLog(checked.log).child({ client: contract.name })
  const { endpoints } = checked
  const core = new ClientCore({
    ...{
      contract,
      options: checked,
      clock: systemClock,
      log,
      dial: dealerDial(checked, `a client of ${contract.name}`, log),
    },
    random: Math.random,
    soon: setImmediate,
  })
  if (Array.isArray(endpoints)) core.setEndpoints(addressesOf(endpoints))
  else void follow(endpoints, core, (error) => log.warn({ err: error }, 'endpoints that were told could not be taken'))
  return clientOf(contract, core)
}

/** A client of a contract on a core. */
export function clientOf<C extends Contract>(contract: C, core: ClientCore): Client<C> {
  const controls: ClientControls = {
    get state() {
      return core.state
    },
    subscribe: (listener) => core.subscribe(listener),
    ready: (options = {}) => readyOf(contract.name, core, options),
    close: () => core.close(),
    [Symbol.asyncDispose]: () => core.close(),
  }
  const client = Object.create(null) as Record<string, unknown>
  Object.defineProperties(client, Object.getOwnPropertyDescriptors(controls))
  for (const procedure of Object.keys(contract.procedures)) client[procedure] = methodOf(core, procedure)
  return Object.freeze(client) as unknown as Client<C>
}

type AnyMethod = (input: unknown, second?: unknown, third?: unknown) => unknown

/** This is the path of the call: nothing is made for it that is not needed. */
function methodOf(core: ClientCore, procedure: string): AnyMethod {
  const line = core.line(procedure)
  const { hasIn, hasOut } = line
  const given = (input: unknown, second: unknown, third: unknown, resolve?: Resolve, reject?: Reject): Given =>
    hasIn
      ? { input, source: second as Source, options: third as CallOptions, resolve, reject }
      : { input, source: undefined, options: second as CallOptions, resolve, reject }
  if (hasOut) return (input, second, third) => core.call(line, given(input, second, third)).incoming
  return (input, second, third) =>
    new Promise((resolve, reject) => {
      core.call(line, given(input, second, third, resolve, reject))
    })
}

/** Takes each list of endpoints that comes, until the client is closed. */
async function follow(
  source: AsyncIterable<readonly string[]>,
  core: ClientCore,
  failed: (error: unknown) => void,
): Promise<void> {
  const iterator = source[Symbol.asyncIterator]()
  const take = (endpoints: readonly string[]) => {
    try {
      core.setEndpoints(addressesOf(endpoints))
    } catch (error) {
      // A list that cannot be read leaves the one before it in force.
      failed(error)
    }
  }
  core.subscribe(({ status }) => {
    if (status === 'closed') void iterator.return?.().catch(() => undefined)
  })
  try {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      take(next.value)
    }
  } catch (error) {
    failed(error)
  }
}

const addressesOf = (endpoints: readonly string[]): string[] =>
  endpoints.flatMap((endpoint) => parseEndpoints(endpoint, 'connect').map(({ address }) => address))

function readyOf(name: string, core: ClientCore, options: WaitOptions): Promise<void> {
  return waiting<void>(`the client of ${name}`, options, (waiter) => ({ cancel: core.whenReady(waiter) }))
}
