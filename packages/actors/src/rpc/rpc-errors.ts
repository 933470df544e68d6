/**
 * Errors of calls: those that a contract declares, and how each crosses the wire.
 */
import { TROUPE_ERROR_CODES, TroupeError, type TroupeErrorCode } from '@troupe/core'
import type { ProcedureSpec } from './contract.js'
import type { InputOf, OutputOf } from './standard.js'
import type { WireError } from './wire.js'

/** An error that the contract declares, with its data: raised by the handler, and so at the caller. */
export class DeclaredError<Kind extends string = string, Data = unknown> extends TroupeError {
  override readonly name = 'DeclaredError'
  /** Its name in the contract. */
  readonly kind: Kind
  readonly data: Data

  constructor(kind: Kind, data: Data, message?: string) {
    super('DECLARED_ERROR', message ?? `the call failed with ${kind}`)
    this.kind = kind
    this.data = data
  }
}

/** A call failed at the server, or on its way. */
export class CallError extends TroupeError {
  override readonly name = 'CallError'
  /** What was called, as `pricing.quote`. */
  readonly procedure: string
  /** The server that was asked last; undefined if none was. */
  readonly endpoint: string | undefined
  /** Whether the call has certainly not begun to run. */
  readonly notRun: boolean
  /** Its code on the wire: a server may have one that is not in our list, whose `code` is `CALL_FAILED` here. */
  readonly wireCode: string

  constructor(procedure: string, endpoint: string | undefined, { code, message, retryable, notRun }: WireError) {
    const known = (TROUPE_ERROR_CODES as readonly string[]).includes(code)
    const where = endpoint === undefined ? '' : ` at ${endpoint}`
    const what = known ? message : `${code}: ${message}`
    super(known ? (code as TroupeErrorCode) : 'CALL_FAILED', `call ${procedure}${where}: ${what}`, { retryable })
    this.procedure = procedure
    this.endpoint = endpoint
    this.notRun = notRun
    this.wireCode = code
  }
}

type Errors<Spec extends ProcedureSpec> = NonNullable<Spec['errors']>

/** The errors that a procedure declares, as a caller catches them. */
export type DeclaredErrorOf<Spec extends ProcedureSpec> = {
  [Kind in keyof Errors<Spec> & string]: DeclaredError<Kind, OutputOf<Errors<Spec>[Kind]>>
}[keyof Errors<Spec> & string]

/** What makes the errors that a procedure declares, in its handler. */
export type DeclareError<Spec extends ProcedureSpec> = <Kind extends keyof Errors<Spec> & string>(
  kind: Kind,
  data: InputOf<Errors<Spec>[Kind]>,
  message?: string,
) => DeclaredError<Kind, InputOf<Errors<Spec>[Kind]>>

/**
 * Whether an error is one that the procedure declares, of that kind if one is named.
 * @example
 * if (isDeclared(pricing.procedures.quote, error, 'UNKNOWN')) console.log(error.data.ticker)
 */
export function isDeclared<Spec extends ProcedureSpec, Kind extends keyof Errors<Spec> & string>(
  spec: Spec,
  error: unknown,
  kind?: Kind,
): error is Extract<DeclaredErrorOf<Spec>, { readonly kind: Kind }> {
  if (!isDeclaredError(error)) return false
  return Object.hasOwn(spec.errors ?? {}, error.kind) && (kind === undefined || error.kind === kind)
}

/** By its code: the module of a handler may have a copy of the class. */
export const isDeclaredError = (error: unknown): error is DeclaredError =>
  error instanceof Error && (error as Partial<DeclaredError>).code === 'DECLARED_ERROR' && 'kind' in error

/** Codes of ours that a handler's own error keeps on the wire. */
const KEPT: ReadonlySet<string> = new Set([
  'REFUSED',
  'OVERLOADED',
  'UNAVAILABLE',
  'WORKER_LOST',
  'INVALID_INPUT',
  'INVALID_OUTPUT',
  'UNKNOWN_PROCEDURE',
  'MESSAGE_TOO_LARGE',
  'TIMEOUT',
])

export const wireError = (code: string, message: string, more: Partial<WireError> = {}): WireError => ({
  code,
  message,
  retryable: false,
  notRun: false,
  ...more,
})

/** What a handler threw that its contract does not declare, as it is told to the caller: without its stack. */
export function thrownError(thrown: unknown): WireError {
  const { code } = (thrown ?? {}) as { code?: unknown }
  const message = thrown instanceof Error ? String(thrown.message) : `it threw ${describe(thrown)}`
  // Of another call that the handler made, where it was of its own kind is no matter to this caller.
  if (typeof code === 'string' && KEPT.has(code) && !(thrown instanceof CallError)) {
    return wireError(code, message, { retryable: (thrown as TroupeError).retryable === true })
  }
  return wireError('CALL_FAILED', message)
}

function describe(value: unknown): string {
  try {
    return typeof value === 'string' ? value : String(value)
  } catch {
    return `a ${typeof value}`
  }
}
