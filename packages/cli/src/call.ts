/**
 * The command `troupe call`: one call of a server, whose contract it asks the server for.
 */
import { text } from 'node:stream/consumers'
import {
  type Contract,
  connect,
  contractFrom,
  describe,
  isDeclared,
  type Outgoing,
  type CallOptions as RpcCallOptions,
} from '@troupe/actors/rpc'
import { InvalidOptionsError, parseOptions, TroupeError } from '@troupe/core'
import { CallOptions } from './call.options.js'
import { type Ending, endingOf, type Streams } from './ending.js'
import { fatalText } from './failure-record.js'
import { Interrupt } from './interrupt.js'
import { jsonOf, parseJson } from './json.js'
import { LineWriter } from './line-writer.js'
import { readNdjson } from './ndjson-reader.js'
import { readableSecurityOf, type Secured } from './security.options.js'
import { unlessStopped } from './unless-stopped.js'

/** What the command line names. */
export interface CallTarget {
  readonly endpoint: string
  /** As `pricing.quote`. */
  readonly name: string
  /** JSON, or `-` for stdin; undefined for none. */
  readonly input: string | undefined
}

/** Where the server is, and how it is talked to. */
interface ServerAt extends Secured {
  readonly endpoint: string
}

interface Prepared {
  readonly contract: Contract
  readonly procedure: string
  readonly input: unknown
  /** What is sent as its stream in. */
  readonly source: Outgoing<unknown> | undefined
}

/**
 * Makes a call and writes what it gives.
 * @throws {TroupeError} when it was not made: `INVALID_OPTIONS`, `CERTIFICATE_UNREADABLE`, `DECODE_FAILED`, `UNKNOWN_SERVICE`, `UNKNOWN_PROCEDURE`, and
 *   what a server that does not answer fails with
 */
export async function call(target: CallTarget, given: unknown, { stdout, stderr }: Streams): Promise<Ending> {
  const { cert, trust, ...options } = parseOptions(CallOptions, given, 'troupe call')
  const server = {
    endpoint: target.endpoint,
    ...(await readableSecurityOf({ cert, trust }, 'troupe call', 'connects')),
  }
  const interrupt = new Interrupt()
  const { drain: signal } = interrupt
  try {
    const prepared = await unlessStopped(prepare(target, server, signal), signal)
    if (prepared === undefined) return endingOf(interrupt, 0)
    const results = new LineWriter(stdout, (error) => interrupt.stop(error))
    let failed = 0
    try {
      await perform(prepared, server, { ...options, signal }, (value) => results.write(jsonOf(value)))
    } catch (error) {
      failed = 1
      if (!signal.aborted) stderr.write(`troupe: ${failureText(prepared, target.name, error)}\n`)
    }
    await unlessStopped(results.flush(), signal)
    return endingOf(interrupt, failed)
  } finally {
    interrupt.close()
  }
}

async function prepare(
  { name, input }: CallTarget,
  { endpoint, ...secured }: ServerAt,
  signal: AbortSignal,
): Promise<Prepared> {
  const [, service, procedure] = /^([^.]+)\.([^.]+)$/.exec(name) ?? []
  if (service === undefined || procedure === undefined) throw unfit('procedure', 'must be as service.procedure')
  // Before anything is asked of the server: what is mistyped is to be told at once.
  const value = input === undefined || input === '-' ? undefined : parseJson(input, 'the input')
  const contract = contractFrom(await describe(endpoint, { signal, ...secured }))
  if (contract.name !== service) {
    throw new TroupeError('UNKNOWN_SERVICE', `the service at ${endpoint} is ${contract.name}, not ${service}`)
  }
  const spec = Object.hasOwn(contract.procedures, procedure) ? contract.procedures[procedure] : undefined
  if (spec === undefined) {
    const names = Object.keys(contract.procedures).join(', ')
    throw new TroupeError('UNKNOWN_PROCEDURE', `${service} has no procedure ${procedure}, but ${names}`)
  }
  if (spec.stream?.in === undefined) {
    const read = input === '-' ? parseJson(await text(process.stdin), 'the input') : value
    return { contract, procedure, input: read, source: undefined }
  }
  if (input === '-') throw unfit('input', `must be JSON: stdin is the stream that ${name} takes`)
  return { contract, procedure, input: value, source: values() }
}

type AnyMethod = (...args: unknown[]) => PromiseLike<unknown> | AsyncIterable<unknown>

async function perform(
  { contract, procedure, input, source }: Prepared,
  { endpoint, ...secured }: ServerAt,
  options: RpcCallOptions,
  write: (value: unknown) => Promise<void> | undefined,
): Promise<void> {
  await using client = connect(contract, { endpoints: [endpoint], ...secured })
  const method = (client as unknown as Record<string, AnyMethod>)[procedure]!
  const given = source === undefined ? method(input, options) : method(input, source, options)
  if (!(Symbol.asyncIterator in given)) return void (await write(await given))
  for await (const item of given) await write(item)
}

/** What stands on the lines of stdin. @throws {TroupeError} `DECODE_FAILED` for one that is not JSON */
async function* values(): AsyncGenerator<unknown> {
  for await (const line of readNdjson(process.stdin)) {
    if ('error' in line) throw line.error
    yield line.value
  }
}

/** How the call failed, as one line: an error that its contract declares with its kind and data. */
function failureText({ contract, procedure }: Prepared, name: string, error: unknown): string {
  const spec = contract.procedures[procedure]!
  if (!isDeclared(spec, error)) return fatalText(error)
  const { kind, data, message, code } = error
  return fatalText(new TroupeError(code, `call ${name} failed with ${kind} ${jsonOf(data)}: ${message}`))
}

const unfit = (path: string, message: string) => new InvalidOptionsError('troupe call', [{ path, message }])
