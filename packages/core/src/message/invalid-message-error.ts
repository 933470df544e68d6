/**
 * What is raised for a message that is not what was agreed.
 */
import type { z } from 'zod'
import { TroupeError } from '../errors.js'

/** A message does not fit its schema. `issues` names what is wrong by its path. */
export class InvalidMessageError extends TroupeError {
  override readonly name = 'InvalidMessageError'
  readonly issues: readonly { readonly path: string; readonly message: string }[]

  constructor(what: string, error: z.ZodError) {
    const issues = error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message }))
    const list = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
    super('INVALID_MESSAGE', `${what} does not fit its schema: ${list}`)
    this.issues = issues
  }
}
