import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { insertReport } from '../dist/report.js'

const page = readFileSync(new URL('../../../docs/benchmarks.md', import.meta.url), 'utf8')

test('a report takes the place of the one before, and leaves the rest of the page', () => {
  const once = insertReport(page, 'first report')
  const twice = insertReport(once, 'second report')
  expect(twice).toBe(once.replace('first report', 'second report'))
  expect(twice.slice(0, twice.indexOf('<!--'))).toBe(page.slice(0, page.indexOf('<!--')))
})

test('a page without marks is refused', () => {
  expect(() => insertReport('# a page', 'report')).toThrow('no place for a report')
})
