/**
 * The service that the command is tried on, in the process of the test: what it does can be seen.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@troupe/actors/rpc'
import { handlers, shop } from './services/shop.js'

export interface Service {
  readonly endpoint: string
  /** A path where nobody listens. */
  readonly nowhere: string
  readonly stats: { readonly running: number }
  stop(): Promise<void>
}

/** Serves the shop in this process. */
export async function open(): Promise<Service> {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-test-'))
  const service = await serve(shop, handlers, { endpoint: 'tcp://127.0.0.1:!' })
  return {
    endpoint: service.endpoint,
    nowhere: join(folder, 'nowhere'),
    get stats() {
      return service.stats
    },
    async stop() {
      await service.stop({ timeoutMs: 1_000 })
      rmSync(folder, { recursive: true })
    },
  }
}
