/**
 * Programs that own actors, run to their end in a temporary folder of their own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export interface Owner {
  readonly child: ChildProcess
  /** The first line that it wrote. */
  readonly line: Promise<string>
  readonly ended: Promise<{ exitCode: number | null; stdout: string; stderr: string }>
  /** What is in its temporary folder. */
  files(): string[]
}

const OWNER = fileURLToPath(new URL('./fixtures/owner.mjs', import.meta.url))

/** Runs the fixture, or what the flags say, with the arguments. */
export function runOwner(args: readonly string[], flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Owner {
  const temporary = mkdtempSync(join(tmpdir(), 'owner-'))
  onTestFinished(() => rmSync(temporary, { recursive: true, force: true }))
  const program = flags.some((flag) => /^(-e|--eval)$/.test(flag)) ? [] : [OWNER]
  const child = spawn(process.execPath, [...flags, ...program, ...args], {
    cwd: import.meta.dirname,
    env: { ...process.env, TMPDIR: temporary, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const line = once(child.stdout!, 'data').then(([data]) => String(data).split('\n')[0]!)
  const ended = Promise.all([once(child, 'exit'), text(child.stdout!), text(child.stderr!)]).then(
    ([[exitCode], stdout, stderr]) => ({ exitCode: exitCode as number | null, stdout, stderr }),
  )
  return { child, line, ended, files: () => readdirSync(temporary) }
}
