/**
 * What does not open the breaker that a client has for each server: one death, though it fails many calls at once.
 */
import { connect, serve } from '@troupe/actors/rpc'
import { anyEndpoint } from '@troupe/testing'
import { expect, it } from 'vitest'
import { naps } from './fixtures/naps.mjs'

const HANDLERS = { module: new URL('./fixtures/naps.mjs', import.meta.url), export: 'handlers' }
const MANY = 30
const breaker = { failures: 3, resetMs: 1_000_000 }

it('does not open when a worker dies, however many calls it held: they are made again', async () => {
  await using service = await serve(naps, HANDLERS, { endpoint: anyEndpoint('inproc'), workers: 1 })
  await using client = connect(naps, { endpoints: [service.endpoint], timeoutMs: 0, retries: 0, breaker })
  const first = await client.nap(0)
  const calls = Array.from({ length: MANY }, () => client.nap(100))
  while (service.stats.workers[0]?.held !== MANY) await new Promise(setImmediate)
  process.kill(first, 'SIGKILL')
  const pids = new Set(await Promise.all(calls))
  expect(pids.size === 1 && !pids.has(first)).toBe(true)
})
