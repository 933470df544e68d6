/**
 * Ends this process when its owner is gone and its event loop does not turn, so that it cannot notice by itself.
 */
import { Worker } from 'node:worker_threads'

/** How often the parent is looked at, in ms. */
const EVERY_MS = 500

/** What the thread runs: nothing is imported, so that it costs little. */
const WATCH = `
const { workerData: { parent, everyMs, graceMs, folder } } = require('node:worker_threads')
let lostAt
setInterval(() => {
  if (process.ppid === parent) return
  lostAt ??= Date.now()
  if (Date.now() - lostAt < graceMs) return
  if (folder !== undefined) require('node:fs').rmSync(folder, { recursive: true, force: true })
  process.kill(process.pid, 'SIGKILL')
}, everyMs)
`

/** Watches from a thread. `graceMs` is what a process has that notices by itself; `folder` is removed at the end. */
export function watchOverOrphan(graceMs: number, folder: string | undefined): void {
  const workerData = { parent: process.ppid, everyMs: EVERY_MS, graceMs, folder }
  const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 }
  const watch = new Worker(WATCH, {
    eval: true,
    workerData,
    resourceLimits,
    env: {},
    execArgv: [],
    name: 'orphan watch',
  })
  // Without it an orphan that never gives its event loop back lives on; nothing else depends on it.
  watch.on('error', () => undefined)
  watch.unref()
}
