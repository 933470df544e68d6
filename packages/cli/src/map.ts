/**
 * The command `troupe map`: opens everything, runs, reports, closes everything.
 */
import type { Writable } from 'node:stream'
import { Farm, type Resumed } from '@troupe/actors/farm'
import { parseOptions } from '@troupe/core'
import { Checkpoint, goOn } from './checkpoint.js'
import { type Ending, endingOf, type Streams } from './ending.js'
import { Failures } from './failures.js'
import { Files, type Input, type KeptOutput } from './files.js'
import { Interrupt } from './interrupt.js'
import { LineWriter } from './line-writer.js'
import { MapOptions } from './map.options.js'
import { MapRun } from './map-run.js'
import { type ProgressTerms, startProgress } from './progress.js'
import { readableSecurityOf, type Secured } from './security.options.js'
import { reportText, resumedText } from './tally.js'
import { type ChosenTask, openTaskFile } from './task-file.js'
import { unlessStopped } from './unless-stopped.js'

/** Everything that has to be there before any work. */
interface Prepared {
  readonly options: MapOptions
  readonly chosen: ChosenTask
  readonly input: Input
  readonly output: KeptOutput
  readonly errors: KeptOutput | undefined
  /** Of where it can be looked at. */
  readonly secured: Secured
}

/**
 * Runs a task over NDJSON. `file` is FILE[#task], `given` the options as the command line has them.
 * @throws {TroupeError} when it could not run, or not to its end: `INVALID_OPTIONS`, `CERTIFICATE_UNREADABLE`, what {@link openTaskFile} and the
 *   farm throw, `INPUT_FAILED`, `OUTPUT_FAILED`
 */
export async function map(file: string, given: unknown, streams: Streams): Promise<Ending> {
  const prepared = await prepare(file, parseOptions(MapOptions, given, 'troupe map'), streams.stdout)
  const interrupt = new Interrupt()
  try {
    const farm = await unlessStopped(startFarm(prepared), interrupt.stopped).catch((error: unknown) => {
      // A worker that Ctrl-C reaches before it is ready dies of it.
      if (interrupt.signal === undefined) throw error
    })
    if (farm === undefined) return endingOf(interrupt, 0)
    try {
      return await perform(prepared, farm, interrupt, streams)
    } finally {
      await stopFarm(farm, interrupt.stopped)
    }
  } finally {
    interrupt.close()
  }
}

// The outputs are emptied last: a command line that cannot run leaves what was there.
async function prepare(file: string, options: MapOptions, stdout: Writable): Promise<Prepared> {
  const files = new Files()
  const input = await files.input(options.input)
  const chosen = await openTaskFile(file)
  const secured = await readableSecurityOf(options, 'troupe map', 'listens')
  // With a journal it is not yet known what of them is to stay.
  const open = async (option: string, path: string): Promise<KeptOutput> => {
    if (options.journal !== undefined) return files.keptOutput(option, path, stdout)
    return { stream: await files.output(option, path, stdout), cutTo: async () => undefined }
  }
  const output = await open('output', options.output)
  const errors = options.errors === undefined ? undefined : await open('errors', options.errors)
  return { options, chosen, input, output, errors, secured }
}

async function perform(prepared: Prepared, farm: Farm, interrupt: Interrupt, streams: Streams): Promise<Ending> {
  const { options, chosen, input, output, errors } = prepared
  const results = new LineWriter(output.stream, (error) => interrupt.stop(error))
  const records = errors && new LineWriter(errors.stream, (error) => interrupt.stop(error))
  const failures = new Failures(records, (text) => progress.tell(text))
  const { drain, stopped } = interrupt
  const goingOn = async (resumed: Resumed) => {
    const note = await goOn(resumed, { output, errors }, options.resume)
    if (!resumed.isNew) progress.tell(resumedText(resumed))
    return { note, checkpoint: new Checkpoint(results, records, note) }
  }
  const run = new MapRun({
    ...{ farm, task: chosen.task, options, input, results, failures, drain, stopped },
    goOn: options.journal === undefined ? undefined : goingOn,
  })
  const progress = startProgress({
    stderr: streams.stderr,
    kind: progressKind(options, streams),
    tally: () => run.tally(),
  })
  if (farm.inspectEndpoint !== undefined && !options.quiet)
    progress.tell(`can be looked at: troupe top ${farm.inspectEndpoint}`)
  drain.addEventListener('abort', () => {
    if (!stopped.aborted) progress.tell('finishing what has begun; Ctrl-C again stops at once')
  })
  try {
    await unlessStopped(run.run(), stopped)
    await unlessStopped(Promise.all([results.flush(), records?.flush()]), stopped)
  } finally {
    progress.end()
    failures.end()
    if (!options.quiet) progress.tell(reportText(run.tally()))
  }
  return endingOf(interrupt, failures.count)
}

function startFarm({ options, chosen, secured }: Prepared): Promise<Farm> {
  const { workers, concurrency, journal, inspect, insecure } = options
  return Farm.start({
    tasks: chosen.url,
    execArgv: [...chosen.execArgv],
    // stdout is for results alone, whatever a task writes.
    workerStdout: 'stderr',
    ...(workers !== undefined && { workers }),
    ...(concurrency !== undefined && { concurrency }),
    ...(journal !== undefined && { journal }),
    ...(inspect !== undefined && { inspect, insecure, ...secured }),
  })
}

// What is to stop at once is not given the time that a task has to end.
function stopFarm(farm: Farm, stopped: AbortSignal): Promise<void> {
  return farm.stop(stopped.aborted ? { timeoutMs: 'brutal_kill' } : {})
}

// On a terminal that shows the results too, a bar and the results would overwrite each other.
function progressKind({ quiet, output }: MapOptions, { stdout, stderr }: Streams): ProgressTerms['kind'] {
  if (quiet) return 'none'
  const free = output !== '-' || !stdout.isTTY
  return stderr.isTTY && free && process.env.TERM !== 'dumb' ? 'bar' : 'lines'
}
