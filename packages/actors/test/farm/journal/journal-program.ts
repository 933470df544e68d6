/**
 * Runs the program with a journal, in a process of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export const PROGRAM = fileURLToPath(new URL('../fixtures/journal-program.mjs', import.meta.url))

export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly lines: readonly unknown[]
  readonly stderr: string
}

/** `onLine` is told each line as it comes; the process is killed after the test if it still runs. */
export async function runProgram(
  args: readonly string[],
  onLine: (line: unknown, child: ChildProcess) => void = () => {},
  before: readonly string[] = [],
  program = PROGRAM,
): Promise<Ended> {
  const [command, ...rest] = [...before, process.execPath, program, ...args]
  const child = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: unknown[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(JSON.parse(line))
    onLine(lines.at(-1), child)
  })
  const stderr = text(child.stderr)
  const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('close', (...how) => resolve(how))
  })
  return { status, signal, lines, stderr: await stderr }
}
