/**
 * Workers of ours at a machine. This package stands below them, so what joins is given to it.
 */
import type { Ends, Lodger } from './machine.js'

/** What `FarmWorkers` is to a machine. */
interface Workers {
  readonly workers: readonly { readonly pid: number | undefined }[]
  leave(): Promise<void>
  stop(options?: { readonly timeoutMs: 'brutal_kill' }): Promise<void>
}

/** How one of them joins whose tasks obey the orders in a folder. */
export const joinTerms = (ends: Ends, folder: string) => ({
  ...ends,
  slots: 1,
  joinTimeoutMs: 60_000,
  intensity: 1_000_000,
  // One that hangs is killed by its owner at last, also when the farm cannot say so.
  shutdownMs: 2_000,
  // So that memory is soon exhausted.
  execArgv: ['--max-old-space-size=64'],
  env: { TROUPE_CHAOS: folder },
})

export const lodgerOf = (workers: Workers): Lodger => ({
  get pid() {
    return workers.workers[0]?.pid
  },
  leave: () => workers.leave(),
  kill: () => workers.stop({ timeoutMs: 'brutal_kill' }),
})
