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

const say = () => undefined
/** What most loggers are asked for, when they say nothing. */
const unsaid: Readonly<Record<string, unknown>> = {
  ...{ trace: say, debug: say, info: say, warn: say, error: say, fatal: say, silent: say },
  ...{ level: 'silent', isLevelEnabled: () => false, child: () => silent },
}
/** A logger of pino that is silent, and does without pino until it is asked for something out of the way. */
const silent = new Proxy(unsaid, {
  get: (_, key) => Reflect.get(Object.hasOwn(unsaid, key) ? unsaid : load()({ level: 'silent' }), key),
}) as unknown as Logger

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
  if (level === undefined || level === '') return silent
  const pino = load()
  if (!(level in pino.levels.values) && level !== 'silent') {
    process.emitWarning(`TROUPE_LOG names no level of pino: ${level}`, { code: 'TROUPE_LOG' })
    return silent
  }
  // Synchronous, so that the last words of a process that dies are written.
  return pino({ name: 'troupe', level }, pino.destination({ dest: 2, sync: true }))
}
