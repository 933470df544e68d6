import { Writable } from 'node:stream'
import type { MapResults } from '@troupe/actors/farm'
import { expect, it } from 'vitest'
import { Checkpoint } from '../dist/checkpoint.js'
import { LineWriter } from '../dist/line-writer.js'

const BEGINNING = { output: 0, errors: 0, done: 0, failed: 0 }
const full = new Error('no space left')

/** A stream that fails at the first byte, if it is to. */
const streamThat = (fails: boolean) =>
  new Writable({ write: (chunk: Buffer, _, done) => done(fails && chunk.length > 0 ? full : null) })

it.each([
  ['results', true, false],
  ['failures', false, true],
] as const)('a checkpoint acknowledges nothing when %s cannot be written', async (_, resultsFail, errorsFail) => {
  const notes: (string | undefined)[] = []
  const map = { acknowledge: async (note?: string) => void notes.push(note) } as MapResults<unknown>
  const told: Error[] = []
  const results = new LineWriter(streamThat(resultsFail), (error) => told.push(error))
  const errors = new LineWriter(streamThat(errorsFail), (error) => told.push(error))
  const checkpoint = new Checkpoint(results, errors, BEGINNING)
  await checkpoint.take(map, { done: 0, failed: 0 })
  void results.write('a line')
  void errors.write('a line')
  for (let time = 0; time < 2; time++) {
    await expect(checkpoint.take(map, { done: 1, failed: 1 })).rejects.toThrow(full)
  }
  expect(notes).toEqual([JSON.stringify(BEGINNING)])
  expect(told).toEqual([full])
})
