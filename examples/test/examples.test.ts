/**
 * Runs each example and compares what it prints with what its header promises.
 */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '..', '..')
const SOURCES = join(ROOT, 'examples', 'src')

const examples = readdirSync(SOURCES)
  .map((file) => ({ file, text: file.endsWith('.ts') ? readFileSync(join(SOURCES, file), 'utf8') : '' }))
  .filter(({ text }) => text.includes('\n * Run: '))

describe('the examples', () => {
  it('are there', () => {
    expect(examples.map(({ file }) => file.slice(0, 2))).toEqual(['01', '02', '03', '04', '05'])
  })

  it.each(examples)('$file prints what its header says, and ends by itself', async ({ text }) => {
    const command = text.match(/^ \* Run: node (.*)$/m)?.[1]
    const promised = text.match(/^ \* Expected output:\n((?: \* {3}.*\n)+)/m)?.[1]
    const { stdout } = await run(process.execPath, command!.split(' '), { cwd: ROOT, timeout: 15_000 })
    expect(stdout).toBe(promised!.replaceAll(/^ \* {3}/gm, ''))
  })

  it.each(examples)('$file is short', ({ text }) => {
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(60)
  })
})
