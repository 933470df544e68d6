#!/usr/bin/env node
/**
 * The command `troupe`. Exit status: 0 all done, 1 some failed, 2 could not run.
 */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addCommands } from './commands.js'
import type { Ending } from './ending.js'
import { takeStdout } from './result-stdout.js'

const COULD_NOT_RUN = 2

const stdout = takeStdout()
const { stderr } = process
// Where nobody reads the notices there is nobody to tell that.
stderr.on('error', () => {})
await end(await run(process.argv))

async function run(argv: readonly string[]): Promise<Ending> {
  let ending: Ending = { status: 0 }
  const program = new Command('troupe')
    .description('Supervised worker pools over NDJSON, and RPC services')
    .version(version())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      outputError: (text, write) => write(`troupe: ${text.replace(/^error: /, '').trim()} (INVALID_OPTIONS)\n`),
    })
  addCommands(program, { stdout, stderr }, (how) => {
    ending = how
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
