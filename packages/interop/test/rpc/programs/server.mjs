/**
 * The contract `conformance`, served: the README has what it prints and when it stops.
 *
 * usage: server.mjs [--workers N] ENDPOINT
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { serve } from '@troupe/actors/rpc'
import { conformance } from './contract.mjs'
import { handlers } from './handlers.mjs'

const { values, positionals } = parseArgs({ options: { workers: { type: 'string' } }, allowPositionals: true })
const [endpoint] = positionals
const folder = mkdtempSync(join(tmpdir(), 'conformance-'))
const tally = join(folder, 'aborted')
writeFileSync(tally, '')

const CALLS = 16
const options = { endpoint, heartbeatMs: 500, livenessMs: 2_000, window: 8, maxMessageBytes: 65_536, maxQueued: 0 }

function started() {
  if (values.workers === undefined) return serve(conformance, handlers(tally), { ...options, concurrency: CALLS })
  const workers = Number(values.workers)
  const code = { module: new URL('./handlers.mjs', import.meta.url), export: 'handlers' }
  return serve(conformance, code, { ...options, workers, concurrency: CALLS / workers, args: tally })
}

const service = await started()
console.log(JSON.stringify({ endpoint: service.endpoint }))
process.on('SIGTERM', () => void service.stop())
process.stdin.resume().on('end', () => service.kill())
await service.exit
process.stdin.destroy()
rmSync(folder, { recursive: true })
