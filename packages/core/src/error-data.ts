/**
 * Errors as plain data, to cross a process or a wire, and back, with their code, facts, stack and causes.
 */
import { TROUPE_ERROR_CODES, TroupeError, type TroupeErrorCode } from './errors.js'

export interface ErrorData {
  readonly name: string
  readonly message: string
  readonly stack?: string | undefined
  readonly code?: string | undefined
  /** For a {@link TroupeError}: whether it is retryable. Tells one from others. */
  readonly retryable?: boolean | undefined
  /** Own fields that are plain values. */
  readonly fields?: Readonly<Record<string, string | number | boolean>> | undefined
  readonly cause?: ErrorData | undefined
}

/** Causes deeper than this are cut off. */
const MAX_DEPTH = 8

/** Anything that was thrown, as data. Never throws. */
export function errorData(thrown: unknown, depth = 0): ErrorData {
  if (!(thrown instanceof Error)) return { name: 'NonError', message: describe(thrown) }
  const code: unknown = (thrown as { code?: unknown }).code
  const fields = plainFields(thrown)
  return {
    name: String(thrown.name),
    message: String(thrown.message),
    ...(typeof thrown.stack === 'string' && { stack: thrown.stack }),
    ...(typeof code === 'string' && { code }),
    ...(thrown instanceof TroupeError && { retryable: thrown.retryable }),
    ...(Object.keys(fields).length > 0 && { fields }),
    ...(thrown.cause !== undefined && depth < MAX_DEPTH && { cause: errorData(thrown.cause, depth + 1) }),
  }
}

/** The error again: a {@link TroupeError} if it was one, with the stack of where it was thrown. */
export function errorFrom(data: ErrorData): Error {
  const options = data.cause === undefined ? {} : { cause: errorFrom(data.cause) }
  const error = isTroupe(data)
    ? new TroupeError(data.code as TroupeErrorCode, data.message, { ...options, retryable: data.retryable === true })
    : Object.assign(new Error(data.message, options), data.code === undefined ? {} : { code: data.code })
  for (const [field, value] of Object.entries(data.fields ?? {})) {
    if (!(field in error)) Object.defineProperty(error, field, { value, enumerable: true, configurable: true })
  }
  Object.defineProperty(error, 'name', { value: data.name, configurable: true, writable: true })
  if (data.stack !== undefined) error.stack = data.stack
  return error
}

const isTroupe = ({ code, retryable }: ErrorData) =>
  retryable !== undefined && (TROUPE_ERROR_CODES as readonly string[]).includes(code ?? '')

function plainFields(error: Error): Record<string, string | number | boolean> {
  const known = new Set(['name', 'message', 'stack', 'code', 'retryable', 'cause'])
  const plain = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value)
  return Object.fromEntries(
    Object.entries(error).filter(([field, value]) => !known.has(field) && plain(value)),
  ) as Record<string, string | number | boolean>
}

function describe(value: unknown): string {
  try {
    return typeof value === 'string' ? value : String(value)
  } catch {
    return `a ${typeof value}`
  }
}
