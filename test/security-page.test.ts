/**
 * The threat model names the test of each claim: they must be there.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rowsUnder } from './rows-under.js'

const ROOT = join(import.meta.dirname, '..')
const page = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8')
const rows = rowsUnder(page, '## Claims and tests').map(([claim = '', tests = '']) => {
  const named = [...tests.matchAll(/`([^`]+\.test\.ts)` › "([^"]+)"/g)].map(([, file = '', title = '']) => ({
    file,
    title,
  }))
  return { claim, named, rest: tests.replaceAll(/`[^`]+\.test\.ts` › "[^"]+"/g, '').trim() }
})

describe('each claim of the threat model', () => {
  it('has its test, and there are 25 or more', () => {
    expect(rows.length).toBeGreaterThanOrEqual(25)
    expect(rows.filter(({ claim, named }) => claim === '' || named.length === 0)).toEqual([])
    // Nothing that looks like a test and is not read as one.
    expect(rows.filter(({ rest }) => !/^[; ]*$/.test(rest))).toEqual([])
  })

  it.each(rows.flatMap(({ named }) => named))('is tested: $file has "$title"', ({ file, title }) => {
    const path = join(ROOT, file)
    const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
    expect([`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => text.includes(quoted))).toBe(true)
  })
})
