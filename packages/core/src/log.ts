/**
 * Logging, by pino. Silent unless a logger is given or TROUPE_LOG names a level.
 */
import { createRequire } from 'node:module'
import type { Logger, pino } from 'pino'

export type { Logger } from 'pino'

// Loaded when the first logger is wanted: it takes 25 ms and 8 MiB, which most processes of actors can do without.
const require = createRequire(import.meta.url)
let loaded: typeof pino | undefined
const load = (): typeof pino => {
  loaded ??= require('pino') as typeof pino
  return loaded
}

let fromEnvironment: Logger | undefined

/**
 * The logger that was given or, without one, one that writes JSON lines to stderr at the level that the environment
 * variable TROUPE_LOG names (`trace`, `debug`, `info`, `warn`, `error`, `fatal`), or is silent.
 */
export function resolveLog(given?: Logger): Logger {
  if (given !== undefined) return given
  fromEnvironment ??= makeLog(process.env.TROUPE_LOG)
  return fromEnvironment
}

function makeLog(level: string | undefined): Logger {
  const pino = load()
  if (level === undefined || level === '') return pino({ level: 'silent' })
  if (!(level in pino.levels.values) && level !== 'silent') {
    process.emitWarning(`TROUPE_LOG names no level of pino: ${level}`, { code: 'TROUPE_LOG' })
    return pino({ level: 'silent' })
  }
  // Synchronous, so that the last words of a process that dies are written.
  return pino({ name: 'troupe', level }, pino.destination({ dest: 2, sync: true }))
}
