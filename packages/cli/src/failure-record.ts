/**
 * A line that failed, as a record for programs (`--errors`) and as text for people (stderr).
 */
import { fileURLToPath } from 'node:url'
import { TroupeError } from '@troupe/core'

/** The cause of a failure as the worker saw it. `stack` has the frames of the task's own code. */
export interface CauseRecord {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly cause?: CauseRecord
}

/** One line of the `--errors` file. */
export interface FailureRecord {
  /** The number of the input line, from 1. */
  readonly line: number
  readonly code: string
  readonly message: string
  readonly task?: string
  /** Which try failed, from 1; none where the input was never tried. */
  readonly attempt?: number
  /** What stood on the line, to be done again; `text` quotes the beginning of a line that is not JSON. */
  readonly input?: unknown
  readonly text?: string
  readonly cause?: CauseRecord
}

/** What stood on the line: a value, or the beginning of a text that is not JSON. */
export type LineContent = { readonly input: unknown } | { readonly text: string }

const CAUSES_AT_MOST = 8

// Frames of the runtime tell the writer of a task nothing.
const ownFrames = [
  ...['@troupe/actors/farm', '@troupe/core'].map((name) => fileURLToPath(new URL('..', import.meta.resolve(name)))),
  fileURLToPath(new URL('.', import.meta.url)),
]

/** The record of a failed line. */
export function failureRecord(line: number, error: Error, content: LineContent): FailureRecord {
  const { task, attempt, key } = error as { task?: unknown; attempt?: unknown; key?: unknown }
  return {
    line,
    code: codeOf(error),
    // Where the task has no key for its inputs the farm counts them; whoever reads this counts lines.
    message: error.message.replace(/of input #\d+/, (text) => (text === `of input ${key}` ? `of line ${line}` : text)),
    ...(typeof task === 'string' && { task }),
    ...(typeof attempt === 'number' && attempt > 0 && { attempt }),
    ...content,
    ...(error.cause instanceof Error && { cause: causeRecord(error.cause, 1) }),
  }
}

/** The record as text: what is wrong with which line, then where in the task's code. */
export function failureText(record: FailureRecord): string {
  const frames = record.cause?.stack?.split('\n').filter(isFrame) ?? []
  const line = `line ${record.line}`
  const what = oneLine(record.message)
  return [`${what.startsWith(`${line} `) ? what : `${line}: ${what}`} (${record.code})`, ...frames].join('\n')
}

/** An error that ends the command, as one line: what, where in the user's code if it came from there, and the code. */
export function fatalText(error: unknown): string {
  if (!(error instanceof TroupeError)) {
    return `${oneLine(error instanceof Error ? error.message : String(error))} (INTERNAL)`
  }
  const place = placeOf(error.cause)
  return `${oneLine(error.message)}${place === undefined ? '' : ` at ${place}`} (${error.code})`
}

function causeRecord(error: Error, depth: number): CauseRecord {
  const { name, message, cause } = error
  const stack = ownStack(error)
  return {
    name,
    message,
    ...(stack !== undefined && { stack }),
    ...(cause instanceof Error && depth < CAUSES_AT_MOST && { cause: causeRecord(cause, depth + 1) }),
  }
}

function ownStack(error: Error): string | undefined {
  const lines = error.stack?.split('\n').filter((text) => !isFrame(text) || !isForeign(text))
  // Without a frame that is in a file it was not the user's code that threw.
  const inFile = lines?.some((text) => isFrame(text) && /:\d+:\d+\)?$/.test(text)) === true
  return lines?.filter((text) => inFile || !isFrame(text)).join('\n')
}

const isFrame = (text: string): boolean => /^\s+at /.test(text)
const isForeign = (frame: string): boolean =>
  /\(?node:|[\\/]node_modules[\\/](commander|tsx)[\\/]/.test(frame) || ownFrames.some((path) => frame.includes(path))

/** Where the user's code threw, as file:line:column. */
function placeOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined
  const frame = ownStack(cause)?.split('\n').find(isFrame)
  const place = frame?.match(/\(?((?:file:|\/|[A-Za-z]:\\)[^()]*:\d+:\d+)\)?$/)?.[1]
  if (place === undefined) return placeOf(cause.cause)
  return place.replace(/^file:\/\/.*?(?=:\d+:\d+$)/, (url) => fileURLToPath(url))
}

const codeOf = (error: Error): string => (error instanceof TroupeError ? error.code : 'INTERNAL')
const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ').trim()
