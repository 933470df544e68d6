import { describe, expect, it } from 'vitest'
import { readNdjson } from '../dist/ndjson-reader.js'

/** Reads `text` in chunks of `chunkBytes`: the lines as values, or as what is wrong with them. */
async function read(text: string | Buffer, { chunkBytes = 7, maxLineBytes = 1_000 } = {}) {
  const bytes = Buffer.from(text)
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
  }
  const lines: [number, unknown][] = []
  for await (const read of readNdjson(chunks(), maxLineBytes)) {
    lines.push([read.line, 'error' in read ? read.error.message : read.value])
  }
  return lines
}

describe('the NDJSON reader', () => {
  it('gives each line with its number, however the chunks are cut', async () => {
    const text = '{"a":1}\n"zwei ü €"\n[3,\t4]\n'
    for (const chunkBytes of [1, 2, 3, 64]) {
      expect(await read(text, { chunkBytes })).toEqual([
        [1, { a: 1 }],
        [2, 'zwei ü €'],
        [3, [3, 4]],
      ])
    }
  })

  it('takes a last line without a newline', async () => {
    expect(await read('1\n2')).toEqual([
      [1, 1],
      [2, 2],
    ])
  })

  it('counts blank lines and skips them', async () => {
    expect(await read('\n1\n   \n\n2\n\n')).toEqual([
      [2, 1],
      [5, 2],
    ])
  })

  it('takes CRLF and a byte order mark at the beginning', async () => {
    expect(await read('\uFEFF{"a":1}\r\n\r\n2\r\n')).toEqual([
      [1, { a: 1 }],
      [3, 2],
    ])
  })

  it('reports what is not JSON by its line and goes on', async () => {
    const [first, second, third] = await read('1\nnot json\n3\n')
    expect(first).toEqual([1, 1])
    expect(second).toEqual([2, expect.stringContaining('line 2 is not JSON: ')])
    expect(third).toEqual([3, 3])
  })

  it('reports what is not UTF-8, and does not guess', async () => {
    const bytes = Buffer.concat([Buffer.from('"'), Buffer.from([0xe9]), Buffer.from('"\n2\n')])
    expect(await read(bytes)).toEqual([
      [1, 'line 1 is not UTF-8'],
      [2, 2],
    ])
  })

  it('reports a line beyond the limit and goes on behind it', async () => {
    expect(await read(`1\n"${'x'.repeat(100)}"\n3\n`, { maxLineBytes: 50 })).toEqual([
      [1, 1],
      [2, 'line 2 is longer than 50 bytes'],
      [3, 3],
    ])
  })

  it('gives nothing for an empty input', async () => {
    expect(await read('')).toEqual([])
  })

  it('says how far into the input each line ends', async () => {
    const ends: number[] = []
    async function* chunks() {
      yield Buffer.from('1\n\n22')
      yield Buffer.from('2\n3')
    }
    for await (const { endByte } of readNdjson(chunks())) ends.push(endByte)
    expect(ends).toEqual([2, 7, 8])
  })
})
