/**
 * The task of the main job: everything that one pass over a file tells about it.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { brotliCompressSync, constants, createBrotliCompress } from 'node:zlib'
import { task } from '@troupe/actors/farm'
import { z } from 'zod'

/** What the task tells about a file. Lines and words are counted as `wc` does, in bytes. */
export const FileFacts = z.object({
  path: z.string(),
  bytes: z.number().int().nonnegative(),
  sha256: z.string().length(64),
  lines: z.number().int().nonnegative(),
  words: z.number().int().nonnegative(),
  brotliBytes: z.number().int().nonnegative(),
})
export type FileFacts = z.infer<typeof FileFacts>

/** Files up to this size are read whole, which is faster; larger ones pass through. */
const WHOLE_BYTES = 4 * 1024 * 1024
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }

/** Reads a file and tells what is in it. */
export async function examineFile(path: string, signal?: AbortSignal): Promise<FileFacts> {
  const facts = new ContentFacts()
  let brotliBytes = 0
  if ((await stat(path)).size <= WHOLE_BYTES) {
    const content = await readFile(path)
    facts.add(content)
    // The synchronous call stays in this process's one core; the others take a thread of their own.
    brotliBytes = brotliCompressSync(content, BROTLI).length
  } else {
    const read = createReadStream(path, { highWaterMark: 1024 * 1024 })
    read.on('data', (chunk) => facts.add(chunk as Buffer))
    const count = new Writable({
      write(chunk: Buffer, _encoding, done) {
        brotliBytes += chunk.length
        done()
      },
    })
    await pipeline(read, createBrotliCompress(BROTLI), count, signal === undefined ? {} : { signal })
  }
  return { path, ...facts.end(), brotliBytes }
}

export const examine = task({
  name: 'examine',
  input: z.object({ path: z.string() }),
  output: FileFacts,
  key: ({ path }) => path,
  run: ({ path }, { signal }) => examineFile(path, signal),
})

/** What can be told of content that comes in chunks. */
class ContentFacts {
  readonly #hash = createHash('sha256')
  #bytes = 0
  #lines = 0
  #words = 0
  #inWord = false

  add(chunk: Buffer): void {
    this.#hash.update(chunk)
    this.#bytes += chunk.length
    let inWord = this.#inWord
    for (const byte of chunk) {
      const isSpace = byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
      if (byte === 0x0a) this.#lines++
      if (!(isSpace || inWord)) this.#words++
      inWord = !isSpace
    }
    this.#inWord = inWord
  }

  end(): Omit<FileFacts, 'path' | 'brotliBytes'> {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex'), lines: this.#lines, words: this.#words }
  }
}
