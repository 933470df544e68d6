/**
 * What is raised for a message that is not what was agreed.
 */
import type { z } from 'zod'
import { TroupeError } from '../errors.js'

/** So many issues are told: a schema finds one for each wrong element of a list. */
const MAX_ISSUES = 20

/** A message does not fit its schema. `issues` names what is wrong first by its path, and at most 20. */
export class InvalidMessageError extends TroupeError {
  override readonly name = 'InvalidMessageError'
  readonly issues: readonly { readonly path: string; readonly message: string }[]

  constructor(what: string, error: z.ZodError) {
    const all = error.issues
    const issues = all.slice(0, MAX_ISSUES).map(({ path, message }) => ({ path: path.map(String).join('.'), message }))
    const list = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
    const more = all.length > MAX_ISSUES ? `; and ${all.length - MAX_ISSUES} more` : ''
    super('INVALID_MESSAGE', `${what} does not fit its schema: ${list}${more}`)
    this.issues = issues
  }
}
