#!/usr/bin/env node
/**
 * The command `troupe`. Exit status: 0 all done, 1 some failed, 2 could not run.
 */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import type { Ending } from './map.js'
import { takeStdout } from './result-stdout.js'

const COULD_NOT_RUN = 2

const MAP_HELP = `
FILE is a module, in JavaScript or TypeScript, that exports tasks (task() of @troupe/actors/farm).
Each line of the input is a task's input as JSON; each line of the output is what the task returned.
A line that fails has no line in the output: it is told on stderr, or has a record in the --errors file.

Exit status: 0 all lines done; 1 some failed; 2 could not run;
  130 after Ctrl-C, 143 after SIGTERM; 141 when the reader of the output went away.
Ctrl-C once finishes what has begun; twice, or SIGTERM, stops at once.

Example:
  ls *.txt | jq -R '{path: .}' -c | troupe map digest.ts > digests.ndjson`

const stdout = takeStdout()
const { stderr } = process
// Where nobody reads the notices there is nobody to tell that.
stderr.on('error', () => {})
await end(await run(process.argv))

async function run(argv: readonly string[]): Promise<Ending> {
  let ending: Ending = { status: 0 }
  const program = new Command('troupe')
    .description('Supervised worker pools over NDJSON')
    .version(version())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      outputError: (text, write) => write(`troupe: ${text.replace(/^error: /, '').trim()} (INVALID_OPTIONS)\n`),
    })
  program
    .command('map')
    .description('run a task over every line of an NDJSON stream, on supervised worker processes')
    .argument('<FILE[#task]>', 'the file of the task, and its name where the file exports several')
    .option('--input <FILE>', 'read NDJSON from this file; - is stdin (default: -)')
    .option('--output <FILE>', 'write NDJSON to this file; - is stdout (default: -)')
    .option('--errors <FILE>', 'write a record for each failed line to this file')
    .option('--workers <N>', 'worker processes (default: one a core)')
    .option('--concurrency <N>', 'tasks at once in a worker, for tasks that wait (default: 1)')
    .option('--unordered', 'write results as they come, not in the order of the input')
    .option('--retries <N>', 'how often a failed task is tried again (default: as the task says, or 0)')
    .option('--timeout-ms <N>', 'how long one try may take, 0 for no limit (default: as the task says, or 0)')
    .option('--quiet', 'no progress and no report; failures are still told')
    .addHelpText('after', MAP_HELP)
    .action(async (file: string, options: unknown) => {
      // Only now: help and a mistyped option need none of it.
      const { map } = await import('./map.js')
      ending = await map(file, options, { stdout, stderr })
    })
  try {
    await program.parseAsync(argv)
    return ending
  } catch (error) {
    // Commander has said already what is wrong with the command line.
    if (error instanceof CommanderError) return { status: error.exitCode === 0 ? 0 : COULD_NOT_RUN }
    const { fatalText } = await import('./failure-record.js')
    stderr.write(`troupe: ${fatalText(error)}\n`)
    return { status: COULD_NOT_RUN }
  }
}

function version(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
}

/** Ends the process whatever the task file has left open in it. */
async function end({ status, signal }: Ending): Promise<never> {
  if (signal === undefined) {
    await new Promise<void>((resolve) => stdout.write('', () => stderr.write('', () => resolve())))
  } else {
    // As a death by the signal, so that a shell that runs this in a loop sees that it was interrupted; after whatever
    // else tidies up at the exit.
    process.on('exit', () => process.kill(process.pid, signal))
  }
  process.exit(status)
}
