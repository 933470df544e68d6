/**
 * The page on conformance names tests: they must be there.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const page = readFileSync(join(ROOT, 'docs', 'conformance.md'), 'utf8')

/** Each file that a row names, with the titles behind it. */
const named = page
  .split('\n')
  .flatMap((row) => [...row.matchAll(/`([\w-]+\/test\/[\w-]+\.test\.ts)`: ("[^`]*)/g)])
  .flatMap(([, file, titles]) =>
    [...titles!.matchAll(/"([^"]+)"/g)].map(([, title]) => ({ file: file!, title: title! })),
  )

it('names more than 70 tests', () => {
  expect(named.length).toBeGreaterThan(70)
})

it.each(named)('$file has the test "$title"', ({ file, title }) => {
  expect(readFileSync(join(ROOT, 'packages', 'patterns', file), 'utf8')).toContain(`'${title}'`)
})
