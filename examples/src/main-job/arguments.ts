/**
 * The command line of the main job.
 */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export interface Arguments {
  /** Whose files are examined. */
  readonly folder: string
  /** Where the list of inputs and the results go. */
  readonly results: string
  /** How many files at most. */
  readonly limit: number
  /** How many worker processes; undefined for one a core. */
  readonly workers: number | undefined
  /** Whether a worker is killed half-way. */
  readonly kill: boolean
}

/** The command line cannot be followed. The message is one line for the person who typed it. */
export class UsageError extends Error {}

/** @throws {UsageError} naming what is wrong */
export function parseArguments(argv: readonly string[], defaults: Pick<Arguments, 'folder' | 'results'>): Arguments {
  const { values, positionals } = parsed(argv)
  if (positionals.length > 1) throw new UsageError('give one folder at most')
  return {
    folder: resolve(positionals[0] ?? defaults.folder),
    results: resolve(values.results ?? defaults.results),
    limit: wholeNumber('--limit', values.limit) ?? Number.POSITIVE_INFINITY,
    workers: wholeNumber('--workers', values.workers),
    kill: values['no-kill'] !== true,
  }
}

/** @throws {UsageError} if `path` is not a folder */
export async function assertFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw new UsageError(`there is no folder ${path}`)
  if (!found.isDirectory()) throw new UsageError(`${path} is not a folder`)
}

function parsed(argv: readonly string[]) {
  const options = {
    limit: { type: 'string' },
    workers: { type: 'string' },
    results: { type: 'string' },
    'no-kill': { type: 'boolean' },
  } as const
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`${option} must be a whole number of 1 or more`)
  return value
}
