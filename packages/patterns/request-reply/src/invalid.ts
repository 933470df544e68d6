/**
 * The errors of a message that came and is not one.
 */
import { TroupeError } from '@troupe/core'

/** Whether a receive was rejected because of what came: only then was a message taken. */
export const isInvalid = (error: unknown): error is TroupeError =>
  error instanceof TroupeError && (error.code === 'INVALID_MESSAGE' || error.code === 'DECODE_FAILED')
