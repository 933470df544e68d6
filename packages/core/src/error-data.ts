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
  /** Own fields that are plain values; numbers that are not finite as text. */
  readonly fields?: Readonly<Record<string, string | number | boolean>> | undefined
  readonly cause?: ErrorData | undefined
}

/** Causes deeper than this are cut off. */
const MAX_DEPTH = 8

/** Anything that was thrown, as data. Never throws, whatever the getters of an error do. */
export function errorData(thrown: unknown, depth = 0): ErrorData {
  if (!isError(thrown)) return { name: 'NonError', message: describe(thrown) }
  const [code, stack, cause] = [read(thrown, 'code'), read(thrown, 'stack'), read(thrown, 'cause')]
  const fields = plainFields(thrown)
  return {
    name: describe(read(thrown, 'name') ?? 'Error'),
    message: describe(read(thrown, 'message') ?? 'its message cannot be read'),
    ...(typeof stack === 'string' && { stack }),
    ...(typeof code === 'string' && { code }),
    ...(thrown instanceof TroupeError && { retryable: read(thrown, 'retryable') === true }),
    ...(Object.keys(fields).length > 0 && { fields }),
    ...(cause !== undefined && depth < MAX_DEPTH && { cause: errorData(cause, depth + 1) }),
  }
}

/**
 * The error again: a {@link TroupeError} if it was one, with the stack of where it was thrown. A field never takes the place of
 * what an error has itself.
 */
export function errorFrom(data: ErrorData, depth = 0): Error {
  const options = data.cause === undefined || depth === MAX_DEPTH ? {} : { cause: errorFrom(data.cause, depth + 1) }
  const error = isTroupe(data)
    ? new TroupeError(data.code as TroupeErrorCode, data.message, { ...options, retryable: data.retryable === true })
    : Object.assign(new Error(data.message, options), data.code === undefined ? {} : { code: data.code })
  for (const [field, value] of Object.entries(data.fields ?? {})) {
    if (!(field in error) && !KNOWN.has(field))
      Object.defineProperty(error, field, { value, enumerable: true, configurable: true })
  }
  Object.defineProperty(error, 'name', { value: data.name, configurable: true, writable: true })
  if (data.stack !== undefined) error.stack = data.stack
  return error
}

const isTroupe = ({ code, retryable }: ErrorData) =>
  retryable !== undefined && (TROUPE_ERROR_CODES as readonly string[]).includes(code ?? '')

const KNOWN: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'code', 'retryable', 'cause'])

function plainFields(error: Error): Record<string, string | number | boolean> {
  const fields: [string, string | number | boolean][] = []
  for (const field of attempt(() => Object.keys(error)) ?? []) {
    const value = KNOWN.has(field) ? undefined : read(error, field)
    // JSON has no other numbers, and the wire of the farm takes none.
    if (typeof value === 'number') fields.push([field, Number.isFinite(value) ? value : String(value)])
    else if (typeof value === 'string' || typeof value === 'boolean') fields.push([field, value])
  }
  return Object.fromEntries(fields)
}

// A proxy may throw even at this.
const isError = (thrown: unknown): thrown is Error => attempt(() => thrown instanceof Error) ?? false

const read = (error: Error, field: string): unknown => attempt(() => Reflect.get(error, field))

const describe = (value: unknown): string => attempt(() => String(value)) ?? `a ${typeof value}`

function attempt<Value>(get: () => Value): Value | undefined {
  try {
    return get()
  } catch {
    return undefined
  }
}
