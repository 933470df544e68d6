/**
 * A pipeline of text: files are read as streams, a farm counts the words of their pieces, and it is told how far it is. However
 * large the files are, no more of them is in memory than the pipeline holds.
 *
 * Run: node examples/dist/23-text-pipeline.js
 * Expected output:
 *   25 %
 *   50 %
 *   75 %
 *   100 %
 *   to 40000, be 20000, or 20000, not 20000
 */
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Farm } from '@troupe/actors/farm'
import { countWords } from './23-words.js'

const folder = await mkdtemp(join(tmpdir(), 'pipeline-'))
const text = 'to be or not to\n'.repeat(5_000)
const files = ['a', 'b', 'c', 'd'].map((name) => join(folder, name))
for (const file of files) await writeFile(file, text)

/** The files in pieces that end with a word. */
async function* pieces(): AsyncGenerator<string> {
  for (const file of files) {
    let rest = ''
    for await (const read of createReadStream(file, { encoding: 'utf8', highWaterMark: 8_192 })) {
      const end = (rest + read).lastIndexOf(' ') + 1
      yield (rest + read).slice(0, end)
      rest = (rest + read).slice(end)
    }
    yield rest
  }
}

const totals = new Map<string, number>()
let bytes = 0
async function addUp(outputs: AsyncIterable<{ bytes: number; counts: Record<string, number> }>): Promise<void> {
  const all = files.length * text.length
  for await (const output of outputs) {
    for (const [word, count] of Object.entries(output.counts)) totals.set(word, (totals.get(word) ?? 0) + count)
    const before = Math.floor((4 * bytes) / all)
    bytes += output.bytes
    if (Math.floor((4 * bytes) / all) > before) console.log(`${Math.floor((4 * bytes) / all) * 25} %`)
  }
}

await using farm = await Farm.start({ tasks: new URL('./23-words.js', import.meta.url), workers: 2 })
await pipeline(pieces, farm.transform(countWords), addUp)
console.log([...totals].map(([word, count]) => `${word} ${count}`).join(', '))
await rm(folder, { recursive: true })
