import { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import { LineWriter } from '../dist/line-writer.js'

it('leaves no listener at its stream, however often it is flushed', async () => {
  const taken: string[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      taken.push(String(chunk))
      setImmediate(done)
    },
  })
  const writer = new LineWriter(stream, () => {})
  const counts = () => stream.eventNames().map((name) => [name, stream.listenerCount(name)])
  const before = counts()
  for (let n = 0; n < 20; n++) {
    void writer.write(`${n}`)
    await Promise.all([writer.flush(), writer.flush()])
  }
  expect(counts()).toEqual(before)
  expect(taken.join('')).toBe(Array.from({ length: 20 }, (_, n) => `${n}\n`).join(''))
})

it('ends a flush that waits when its stream fails', async () => {
  const stream = new Writable({ write: () => {} })
  const told: Error[] = []
  const writer = new LineWriter(stream, (error) => told.push(error))
  const flushed = writer.flush()
  const broken = new Error('broken')
  stream.destroy(broken)
  await expect(flushed).rejects.toThrow(broken)
  expect(told).toEqual([broken])
})
