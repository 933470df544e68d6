/**
 * The page on RPC compares it with others: what it says that we have is there, each with a test.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesUnder } from './files-under.js'
import { rowsUnder } from './rows-under.js'

const ROOT = join(import.meta.dirname, '..')
const FOLDERS = ['packages/actors/test/rpc/', 'packages/interop/test/rpc/', 'packages/cli/test/', 'examples/test/']
const page = readFileSync(join(ROOT, 'docs', 'rpc.md'), 'utf8')
const files = filesUnder(ROOT).filter((path) => FOLDERS.some((folder) => path.startsWith(folder)))

const claims = rowsUnder(page, '### What we have').filter(([, ours = '']) => ours.startsWith('yes'))
const tests = new Map(rowsUnder(page, '### Tests').map(([what = '', named = '']) => [what, named]))
const named = [...tests.values()].flatMap((cell) =>
  [...cell.matchAll(/`([\w-]+\.test\.ts)`: ((?:"[^"]+"(?:, )?)+)/g)].flatMap(([, file = '', titles = '']) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ({ file, title })),
  ),
)

describe('what the page on RPC says that we have', () => {
  it('is 20 things or more, each with a test, and no test is of nothing', () => {
    expect(claims.length).toBeGreaterThanOrEqual(20)
    expect([...tests.keys()]).toEqual(claims.map(([what]) => what))
    expect([...tests.values()].filter((cell) => !/`[\w-]+\.test\.ts`: "[^"]+"/.test(cell))).toEqual([])
  })

  it.each(named)('is tested: $file has "$title"', ({ file, title }) => {
    const texts = files
      .filter((path) => path.endsWith(`/${file}`))
      .map((path) => readFileSync(join(ROOT, path), 'utf8'))
    const quoted = [`'${title}'`, `"${title}"`, `\`${title}\``]
    expect(texts.some((text) => quoted.some((one) => text.includes(one)))).toBe(true)
  })
})
