/**
 * What the example that is stopped by Ctrl-C does then. A terminal sends SIGINT to the program and its workers alike, `kill` to
 * the program alone.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished } from 'vitest'

const PROGRAM = join(import.meta.dirname, '..', 'dist', '26-ctrl-c.js')

/** Sends a signal to a process, or with a negative number to its whole group; false if nobody is there. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

it.skipIf(process.platform === 'win32').each([
  ['by a terminal', (pid: number) => -pid],
  ['by its number alone', (pid: number) => pid],
])('Ctrl-C %s tells the tasks that run, ends the program with status 130, and leaves nobody', async (_, target) => {
  const child = spawn(process.execPath, [PROGRAM], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void signal(-child.pid!, 'SIGKILL'))
  const lines: string[] = []
  let atMs = 0
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    if (lines.length > 1) return
    atMs = performance.now()
    signal(target(child.pid!), 'SIGINT')
  })
  const [status] = (await once(child, 'close')) as [number | null]
  expect(status).toBe(130)
  expect(performance.now() - atMs).toBeLessThan(5_000)
  expect(lines).toContain('a task was told to stop')
  const done = Number(lines.at(-1)?.match(/^(\d+) of 40 done$/)?.[1])
  expect(done).toBeGreaterThanOrEqual(1)
  expect(done).toBeLessThan(40)
  expect(signal(-child.pid!, 0)).toBe(false)
})
