/**
 * Runs the built command as a user does, and sees to it that nothing stays behind.
 */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, expect, onTestFinished } from 'vitest'

export const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))

export interface Result {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs. It leads a process group of its own, as in a shell. */
export class Command {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly result: Promise<Result>

  constructor(args: readonly string[], stdio: 'read' | 'unread' = 'read') {
    const env = { ...process.env, TMPDIR: temporary }
    this.child = spawn(process.execPath, [MAIN, ...args], { stdio: 'pipe', detached: true, env })
    this.child.stdin.on('error', () => {})
    const stdout = stdio === 'read' ? text(this.child.stdout) : Promise.resolve('')
    const stderr = text(this.child.stderr)
    const exit = new Promise<Pick<Result, 'status' | 'signal'>>((resolve) => {
      this.child.on('exit', (status, signal) => resolve({ status, signal }))
    })
    this.result = exit.then(async (how) => ({ ...how, stdout: await stdout, stderr: await stderr }))
    groups.push(this.pid)
  }

  get pid(): number {
    return this.child.pid!
  }

  /** The ids of the processes that it has started. */
  workers(): number[] {
    const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    const rows = table.split('\n').map((row) => row.trim().split(/\s+/).map(Number))
    return rows.filter(([, parent]) => parent === this.pid).map(([pid]) => pid!)
  }

  /** What a terminal does at Ctrl-C: the signal goes to all of the group. */
  interrupt(): void {
    process.kill(-this.pid, 'SIGINT')
  }
}

const groups: number[] = []
// Temporary files of the commands go where they can be counted.
const temporary = mkdtempSync(join(tmpdir(), 'troupe-test-'))

afterEach(async () => {
  for (const group of groups.splice(0)) {
    try {
      await expect.poll(() => isGone(group), { timeout: 5_000 }).toBe(true)
    } finally {
      if (!isGone(group)) process.kill(-group, 'SIGKILL')
    }
  }
  const left = () => readdirSync(temporary).filter((name) => name.startsWith('troupe-'))
  try {
    // That of a command that was killed is removed within seconds: by its workers, else by what watches them.
    await expect.poll(left, { timeout: 10_000, message: 'private folders that are left' }).toEqual([])
  } finally {
    // The next test is not to be blamed for them.
    for (const name of left()) rmSync(join(temporary, name), { recursive: true, force: true })
  }
})

afterAll(() => rmSync(temporary, { recursive: true }))

/** Runs the command with `input` on its stdin. */
export function troupe(args: readonly string[], input = ''): Promise<Result> {
  const command = new Command(args)
  command.child.stdin.end(input)
  return command.result
}

/** The task file of a name, for the command line. */
export function taskFile(name: string): string {
  return join(import.meta.dirname, 'tasks', name)
}

/** The lines of a text. */
export function linesOf(output: string): string[] {
  return output.split('\n').filter((line) => line !== '')
}

/** The records of an NDJSON text. */
export function recordsOf(output: string): Record<string, unknown>[] {
  return linesOf(output).map((line) => JSON.parse(line))
}

/** A folder that is gone after the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'troupe-test-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function isGone(group: number): boolean {
  try {
    process.kill(-group, 0)
    return false
  } catch {
    return true
  }
}
