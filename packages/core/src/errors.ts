/**
 * The one error root of Troupe and its closed list of codes. Branch on `code`, never on the text.
 */

/** Every code that a {@link TroupeError} can carry. */
export const TROUPE_ERROR_CODES = [
  // any room
  'INVALID_OPTIONS',
  'ABORTED',
  'TIMEOUT',
  'CLOSED',
  'INTERNAL',
  // endpoints and sockets
  'INVALID_ENDPOINT',
  'INSECURE_ENDPOINT',
  'ENDPOINT_IN_USE',
  'ENDPOINT_UNAVAILABLE',
  'SOCKET_FAILED',
  'CERTIFICATE_UNREADABLE',
  'ACCESS_DENIED',
  'UNROUTABLE',
  'OUT_OF_ORDER',
  // messages
  'INVALID_MESSAGE',
  'QUEUE_FULL',
  'ENCODE_FAILED',
  'DECODE_FAILED',
  // code that is named by module and export
  'MODULE_NOT_FOUND',
  'MODULE_FAILED',
  'EXPORT_NOT_FOUND',
  // actors and supervision
  'ACTOR_FAILED',
  'ACTOR_EXITED',
  'ACTOR_HUNG',
  'OUT_OF_MEMORY',
  'START_TIMEOUT',
  'SNAPSHOT_REFUSED',
  'LINK_BROKEN',
  'REFUSED',
  'NO_ACTOR',
  'SOCKET_IN_THREAD',
  'CHILD_EXISTS',
  'CHILD_RUNNING',
  'CHILD_RESTARTING',
  'UNKNOWN_CHILD',
  'RESTART_INTENSITY',
  // farm
  'FARM_IN_WORKER',
  'SETUP_FAILED',
  'UNKNOWN_TASK',
  'AMBIGUOUS_TASK',
  'INVALID_INPUT',
  'INVALID_OUTPUT',
  'TASK_FAILED',
  'TASK_POISONED',
  'WORKER_LOST',
  'VERSION_MISMATCH',
  // journals of durable runs
  'JOURNAL_IN_USE',
  'JOURNAL_UNREADABLE',
  'JOURNAL_MISMATCH',
  'JOURNAL_FAILED',
  // RPC
  'UNKNOWN_SERVICE',
  'UNKNOWN_PROCEDURE',
  'DECLARED_ERROR',
  'CALL_FAILED',
  'OVERLOADED',
  'UNAVAILABLE',
  'SERVER_LOST',
  'CIRCUIT_OPEN',
  'MESSAGE_TOO_LARGE',
  'NO_SESSION',
  'PROTOCOL_ERROR',
  // command line
  'INPUT_FAILED',
  'OUTPUT_FAILED',
] as const

export type TroupeErrorCode = (typeof TROUPE_ERROR_CODES)[number]

export interface TroupeErrorOptions {
  /** What caused it, kept as it was. */
  readonly cause?: unknown
  /** Whether the same operation may succeed when it is tried again. */
  readonly retryable?: boolean
}

/** The root of every error that Troupe raises. */
export class TroupeError extends Error {
  override readonly name: string = 'TroupeError'
  /** From a closed list: see {@link TROUPE_ERROR_CODES}. */
  readonly code: TroupeErrorCode
  /** Whether the same operation may succeed when it is tried again. */
  readonly retryable: boolean

  constructor(code: TroupeErrorCode, message: string, options: TroupeErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.retryable = options.retryable ?? false
  }
}

/** An option is missing, of the wrong type, out of range or unknown. `issues` names each by its path. */
export class InvalidOptionsError extends TroupeError {
  override readonly name = 'InvalidOptionsError'
  readonly issues: readonly { readonly path: string; readonly message: string }[]

  constructor(what: string, issues: readonly { path: string; message: string }[]) {
    const list = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
    super('INVALID_OPTIONS', `options of ${what} are not valid: ${list}`)
    this.issues = issues
  }
}

/** The caller's AbortSignal ended the wait. Its `name` is the platform's; `cause` is the signal's reason. */
export class AbortedError extends TroupeError {
  override readonly name = 'AbortError'

  constructor(what: string, reason: unknown) {
    super('ABORTED', `${what} was aborted`, { cause: reason })
  }
}

/** What was waited for did not come within `timeoutMs`. */
export class TimeoutError extends TroupeError {
  override readonly name = 'TimeoutError'
  readonly timeoutMs: number

  constructor(what: string, timeoutMs: number, why?: string) {
    super('TIMEOUT', `${what} took longer than ${timeoutMs} ms${why === undefined ? '' : `: ${why}`}`, {
      retryable: true,
    })
    this.timeoutMs = timeoutMs
  }
}

/** The thing that was used is closed or stopped. */
export class ClosedError extends TroupeError {
  override readonly name = 'ClosedError'

  constructor(what: string, why?: string) {
    super('CLOSED', `${what} is closed${why === undefined ? '' : `: ${why}`}`)
  }
}
