/**
 * The page on supervision names a test for each rule of OTP: they must be there.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const page = readFileSync(join(ROOT, 'docs', 'supervision.md'), 'utf8')

/** The rows of the tables of rules: what OTP says, and the tests behind it. */
const rules = page
  .slice(page.indexOf("## OTP's rules"), page.indexOf('### Differences'))
  .split('\n')
  .filter((line) => line.includes('.test.ts`'))

/** Each file that a row names, with the titles behind it. */
const named = rules
  .flatMap((row) => [...row.matchAll(/`([\w-]+\.test\.ts)`: ("[^`]*)/g)])
  .flatMap(([, file, titles]) =>
    [...titles!.matchAll(/"([^"]+)"/g)].map(([, title]) => ({ file: file!, title: title! })),
  )

it('has more than 40 rules, each with a test', () => {
  expect(rules.length).toBeGreaterThan(40)
  expect(rules.filter((row) => !/\.test\.ts`: "[^"]+"/.test(row))).toEqual([])
})

it('has no row of a rule without a test', () => {
  const tables = page.slice(page.indexOf('### Starts'), page.indexOf('| OTP               | here'))
  const rows = tables.split('\n').filter((line) => /^\| (?!OTP |-)/.test(line))
  expect(rows.length).toBe(rules.length)
})

it.each(named)('$file has the test "$title"', ({ file, title }) => {
  const text = readFileSync(join(ROOT, 'packages', 'actors', 'test', 'supervisor', file), 'utf8')
  expect([`'${title}'`, `"${title}"`].some((quoted) => text.includes(quoted))).toBe(true)
})
