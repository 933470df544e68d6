/**
 * Runs each example and compares what it prints with what its header promises.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '..', '..')
const SOURCES = join(ROOT, 'examples', 'src')

const LIMIT = { timeout: 60_000 }
/** The status of an example that needs what is not installed here. */
const LACKS_SOMETHING = 2

const examples = readdirSync(SOURCES)
  .map((file) => ({ file, text: file.endsWith('.ts') ? readFileSync(join(SOURCES, file), 'utf8') : '' }))
  .filter(({ text }) => text.includes('\n * Run: '))

describe('the examples', () => {
  it('are there', () => {
    const numbers = [...new Set(examples.map(({ file }) => Number(file.slice(0, 2))))]
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    expect(numbers.length).toBeGreaterThanOrEqual(5)
  })

  it.for(examples)('$file prints what its header says, and ends by itself', LIMIT, async ({ text }, { skip }) => {
    const command = text.match(/^ \* Run: node (.*)$/m)?.[1]
    const promised = text.match(/^ \* Expected output:\n((?: \* {3}.*\n)+)/m)?.[1]
    // Those that it needs beside: a server runs until it is stopped.
    const companions = [...text.matchAll(/^ \* With: node (.*)$/gm)].map(([, line]) =>
      spawn(process.execPath, line!.split(' '), { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] }),
    )
    try {
      const { stdout } = await run(process.execPath, command!.split(' '), { cwd: ROOT, timeout: 55_000 })
      expect(stdout).toBe(promised!.replaceAll(/^ \* {3}/gm, ''))
    } catch (error) {
      const { code, stderr } = error as { code?: unknown; stderr?: string }
      skip(code === LACKS_SOMETHING && process.env.TROUPE_INTEROP !== 'required', stderr)
      throw error
    } finally {
      await Promise.all(companions.map(ended))
    }
  })

  it('have no port that systems give to whoever asks for any, as another program may have got it', () => {
    const texts = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join(SOURCES, file), 'utf8'))
    const ports = texts.flatMap((text) => [...text.matchAll(/tcp:\/\/[\w.*]+:(\d+)/g)].map(([, port]) => Number(port)))
    expect(ports.length).toBeGreaterThan(10)
    // Linux begins at 32768, others later.
    expect(ports.filter((port) => port >= 32_768)).toEqual([])
  })

  it.each(examples)('$file is short', ({ text }) => {
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(60)
  })
})

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill()
  await exited
}
