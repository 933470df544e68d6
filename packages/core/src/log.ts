/**
 * Logging, by pino. Silent unless a logger is given or TROUPE_LOG names a level.
 */
import { destination, type Logger, pino } from 'pino'

export type { Logger } from 'pino'

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
  if (level === undefined || level === '') return pino({ level: 'silent' })
  if (!(level in pino.levels.values) && level !== 'silent') {
    process.emitWarning(`TROUPE_LOG names no level of pino: ${level}`, { code: 'TROUPE_LOG' })
    return pino({ level: 'silent' })
  }
  // Synchronous, so that the last words of a process that dies are written.
  return pino({ name: 'troupe', level }, destination({ dest: 2, sync: true }))
}
