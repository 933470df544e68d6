/**
 * The command `troupe describe`: writes a contract as data, of a file or of a server.
 */
import {
  asyncApiOf,
  type ContractDescription,
  describeContract,
  describe as describeServer,
  loadContract,
} from '@troupe/actors/rpc'
import { InvalidOptionsError, parseOptions } from '@troupe/core'
import { DescribeOptions } from './describe.options.js'
import { type Ending, endingOf, type Streams } from './ending.js'
import { Interrupt } from './interrupt.js'
import { jsonOf } from './json.js'
import { LineWriter } from './line-writer.js'
import { readableSecurityOf } from './security.options.js'
import { readySource } from './source-file.js'
import { unlessStopped } from './unless-stopped.js'

/**
 * Describes the contract that a file exports, or that of the server at an endpoint.
 * @throws {TroupeError} `INVALID_OPTIONS`, `CERTIFICATE_UNREADABLE`, what `loadContract` throws, and what a server that does not answer fails with
 */
export async function describe(fileOrEndpoint: string, given: unknown, { stdout, stderr }: Streams): Promise<Ending> {
  const options = parseOptions(DescribeOptions, given, 'troupe describe')
  const interrupt = new Interrupt()
  try {
    const description = await unlessStopped(descriptionOf(fileOrEndpoint, options, interrupt.drain), interrupt.drain)
    if (description === undefined) return endingOf(interrupt, 0)
    for (const text of unwrittenOf(description)) stderr.write(`troupe: ${text}\n`)
    const output = new LineWriter(stdout, (error) => interrupt.stop(error))
    void output.write(jsonOf(options.format === 'asyncapi' ? asyncApiOf(description) : description, 2))
    await unlessStopped(output.flush(), interrupt.stopped)
    return endingOf(interrupt, 0)
  } finally {
    interrupt.close()
  }
}

async function descriptionOf(
  fileOrEndpoint: string,
  options: DescribeOptions,
  signal: AbortSignal,
): Promise<ContractDescription> {
  const { export: name } = options
  const secured = await readableSecurityOf(options, 'troupe describe', 'connects')
  if (!/^[@>]?[a-z]+:\/\//.test(fileOrEndpoint)) {
    const { url } = await readySource(fileOrEndpoint)
    return describeContract(await loadContract(url, name))
  }
  if (name === undefined) return describeServer(fileOrEndpoint, { signal, ...secured })
  throw new InvalidOptionsError('troupe describe', [{ path: 'export', message: 'is of a file, not of an endpoint' }])
}

/** What of a contract has no JSON Schema though it has a schema, and why: a line each. */
function* unwrittenOf({ service, procedures }: ContractDescription): Generator<string> {
  for (const [name, { unwritten = {} }] of Object.entries(procedures)) {
    for (const [what, why] of Object.entries(unwritten)) {
      yield `${service}.${name}: its ${what} cannot be written as JSON Schema: ${why.replace(/\s*\n\s*/g, ' ')}`
    }
  }
}
