import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { verify } from '../dist/main-job/verify.js'

const facts = (path: string, content: string) => ({
  path,
  bytes: 10,
  sha256: content.repeat(64),
  lines: 1,
  words: 2,
  brotliBytes: 5,
})

/** Lets the second reader read these inputs and results. */
async function verified(inputs: readonly string[], results: readonly unknown[]) {
  const dir = mkdtempSync(join(tmpdir(), 'troupe-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const files = [join(dir, 'inputs'), join(dir, 'results')] as const
  writeFileSync(files[0], inputs.map((path) => `${JSON.stringify({ path })}\n`).join(''))
  writeFileSync(files[1], results.map((record) => `${JSON.stringify(record)}\n`).join(''))
  return verify(...files, new Set(['/a']))
}

it('counts what is lost, what came twice and what nobody asked for', async () => {
  const results = [facts('/a', 'a'), facts('/b', 'b'), facts('/b', 'b'), facts('/z', 'z')]
  expect(await verified(['/a', '/b', '/c', '/d'], results)).toMatchObject({
    delivered: 2,
    lost: 2,
    twice: 1,
    strange: 1,
  })
})

it('counts a file that could not be read as delivered, and says which', async () => {
  const failed = { path: '/b', failed: 'no such file' }
  expect(await verified(['/a', '/b'], [failed, facts('/a', 'a')])).toMatchObject({
    delivered: 2,
    lost: 0,
    bytes: 10,
    failures: [failed],
  })
})

it('finds files of the same content, beyond the first of each', async () => {
  const results = [facts('/a', 'a'), facts('/b', 'a'), facts('/c', 'a'), facts('/d', 'd')]
  expect(await verified(['/a', '/b', '/c', '/d'], results)).toMatchObject({ duplicates: 2, duplicateBytes: 20 })
})

it('keeps the facts of the sample', async () => {
  const { sample } = await verified(['/a', '/b'], [facts('/a', 'a'), facts('/b', 'b')])
  expect([...sample]).toEqual([['/a', facts('/a', 'a')]])
})
