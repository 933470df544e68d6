/**
 * The command `troupe ping`: asks a server how it is, and how long that takes.
 */
import { setTimeout } from 'node:timers/promises'
import { type Client, connect, everyServer } from '@troupe/actors/rpc'
import { parseOptions } from '@troupe/core'
import { type Ending, endingOf, type Streams } from './ending.js'
import { fatalText } from './failure-record.js'
import { Interrupt } from './interrupt.js'
import { jsonOf } from './json.js'
import { LineWriter } from './line-writer.js'
import { PingOptions } from './ping.options.js'
import { readableSecurityOf } from './security.options.js'
import { unlessStopped } from './unless-stopped.js'

/**
 * Asks a server for its health and writes each answer with the time that it took.
 * @throws {TroupeError} `INVALID_OPTIONS`, `INVALID_ENDPOINT`, `CERTIFICATE_UNREADABLE`
 */
export async function ping(endpoint: string, given: unknown, { stdout, stderr }: Streams): Promise<Ending> {
  const options = parseOptions(PingOptions, given, 'troupe ping')
  const { count, intervalMs, timeoutMs } = options
  const secured = await readableSecurityOf(options, 'troupe ping', 'connects')
  const terms = { endpoints: [endpoint], timeoutMs, retries: 0, waitForServerMs: 0, ...secured }
  await using client = connect(everyServer, terms)
  const interrupt = new Interrupt()
  const { drain: signal } = interrupt
  const answers = new LineWriter(stdout, (error) => interrupt.stop(error))
  const times: number[] = []
  let failed = 0
  const ask = async () => {
    const startedMs = performance.now()
    const health = await client.$health(undefined, { signal })
    const ms = performance.now() - startedMs
    times.push(ms)
    await answers.write(jsonOf({ ...health, ms: rounded(ms) }))
  }
  try {
    // To connect is no part of a round trip; where nobody answers, the first one says so.
    await client.ready({ signal: AbortSignal.any([signal, refusalBy(client)]), timeoutMs }).catch(() => undefined)
    for (let asked = 0; asked < count && !signal.aborted; asked++) {
      if (asked > 0) await unlessStopped(setTimeout(intervalMs), signal)
      if (signal.aborted) break
      await ask().catch((error: unknown) => {
        if (signal.aborted) return
        failed++
        stderr.write(`troupe: ${fatalText(error)}\n`)
      })
    }
    await unlessStopped(answers.flush(), interrupt.stopped)
    if (count > 1) stderr.write(`troupe: ${summaryOf(times, failed)}\n`)
    return endingOf(interrupt, failed)
  } finally {
    interrupt.close()
  }
}

/** Aborts when the server has said that it does not serve this client. */
function refusalBy(client: Client<typeof everyServer>): AbortSignal {
  const refusal = new AbortController()
  client.subscribe(({ servers }) => {
    if (servers.some(({ error }) => error?.retryable === false)) refusal.abort()
  })
  return refusal.signal
}

function summaryOf(times: readonly number[], failed: number): string {
  const answered = `${times.length} of ${times.length + failed} answered`
  if (times.length === 0) return answered
  const sorted = times.toSorted((a, b) => a - b)
  const [least, middle, most] = [sorted[0]!, sorted[sorted.length >> 1]!, sorted.at(-1)!].map(rounded)
  return `${answered}, in ${least} ms at least, ${middle} ms in the middle, ${most} ms at most`
}

const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000
