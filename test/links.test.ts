import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { filesUnder } from './files-under.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const pages = filesUnder(ROOT).filter((path) => path.endsWith('.md'))

describe('the pages', () => {
  it.each(pages)('%s links only to what is there', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8')
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
    const files = links.filter((link) => !/^(https?:|mailto:|#)/.test(link)).map((link) => link.replace(/#.*$/, ''))
    expect(files.filter((file) => !existsSync(join(ROOT, posix.dirname(page), file)))).toEqual([])
  })

  it('are there for the house and each of its packages', () => {
    const folders = filesUnder(ROOT).flatMap(
      (path) => /^(?:(packages\/.+)\/)?package\.json$/.exec(path)?.slice(1) ?? [],
    )
    expect(pages).toEqual(expect.arrayContaining(folders.map((folder = '') => posix.join(folder, 'README.md'))))
  })
})
