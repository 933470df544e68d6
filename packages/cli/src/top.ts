/**
 * The command `troupe top`: shows a running farm or service.
 */
import { parseOptions, TroupeError } from '@troupe/core'
import { type Ending, endingOf, type Streams } from './ending.js'
import { fatalText } from './failure-record.js'
import { Interrupt } from './interrupt.js'
import { jsonOf } from './json.js'
import { LineWriter } from './line-writer.js'
import { Screen } from './screen.js'
import { readableSecurityOf } from './security.options.js'
import { openSight, type Sight, type Snapshot } from './sight.js'
import { type TopOptions as Options, TopOptions } from './top.options.js'
import { linesOf } from './top-view.js'
import { unlessStopped } from './unless-stopped.js'

/** Where snapshots are shown. */
interface Display {
  show(snapshot: Snapshot): void
  /** Resolves when all is written. */
  end(): Promise<void>
}

/**
 * Shows what runs at an endpoint until it has ended, or once.
 * @throws {TroupeError} `INVALID_OPTIONS`, `INVALID_ENDPOINT`, `CERTIFICATE_UNREADABLE`; `UNAVAILABLE` when neither a farm nor a service answers there
 */
export async function top(endpoint: string, given: unknown, streams: Streams): Promise<Ending> {
  const options = parseOptions(TopOptions, given, 'troupe top')
  const interrupt = new Interrupt()
  const { drain: signal } = interrupt
  try {
    const secured = await readableSecurityOf(options, 'troupe top', 'connects')
    const opened = openSight(endpoint, { everyMs: options.every, timeoutMs: options.timeoutMs, signal, ...secured })
    const sight = await unlessStopped(opened, signal)
    if (sight === undefined) return endingOf(interrupt, 0)
    try {
      return endingOf(interrupt, await watch(sight, options, { interrupt, streams }))
    } finally {
      await sight.close()
    }
  } finally {
    interrupt.close()
  }
}

interface Watching {
  readonly interrupt: Interrupt
  readonly streams: Streams
}

/** Shows what is seen; returns how many things went wrong. */
async function watch(sight: Sight, options: Options, { interrupt, streams }: Watching): Promise<number> {
  const { stdout, stderr } = streams
  const { drain: signal } = interrupt
  const isScreen = stdout.isTTY && process.env.TERM !== 'dumb' && !options.once && !options.json
  const display = isScreen ? new Screen(stdout, interrupt, linesOf) : lines(options, streams, interrupt)
  const isLive = isScreen || (options.json && !options.once)
  let last: Snapshot | undefined
  let failure: unknown
  try {
    for await (const snapshot of sight.snapshots()) {
      last = snapshot
      display.show(snapshot)
      if (!isLive) break
    }
  } catch (error) {
    failure = error
  }
  await unlessStopped(display.end(), interrupt.stopped)
  if (signal.aborted || (!isLive && failure === undefined)) return 0
  const { text, failed } = ending(sight.what, last, failure)
  stderr.write(`troupe: ${text}\n`)
  return failed ? 1 : 0
}

function lines({ json }: Options, { stdout }: Streams, interrupt: Interrupt): Display {
  const writer = new LineWriter(stdout, (error) => interrupt.stop(error))
  return {
    show(snapshot) {
      if (json) void writer.write(jsonOf(snapshot))
      else for (const line of linesOf(snapshot)) void writer.write(line)
    },
    end: () => writer.flush(),
  }
}

function ending(what: string, last: Snapshot | undefined, failure: unknown): { text: string; failed: boolean } {
  if (failure === undefined) {
    const failed = last?.kind === 'farm' && last.state === 'failed'
    return { text: `${what} has ${failed ? 'failed' : 'stopped'}`, failed }
  }
  // It had said that it stops.
  if (last?.kind === 'service' && last.status === 'draining') return { text: `${what} has stopped`, failed: false }
  const why = failure instanceof TroupeError ? fatalText(failure) : String(failure)
  return { text: `${what} does not answer any more: ${why}`, failed: true }
}
