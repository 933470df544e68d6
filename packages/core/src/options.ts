/**
 * Options: one strict zod schema is the type, the defaults and the check.
 */
import type { z } from 'zod'
import { InvalidOptionsError } from './errors.js'

/**
 * Checks `input` against `schema` and fills the defaults in. Never changes or clamps what was given.
 * @throws {InvalidOptionsError} `INVALID_OPTIONS`, naming every option that is wrong by its path
 */
export function parseOptions<Schema extends z.ZodType>(schema: Schema, input: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  throw new InvalidOptionsError(
    what,
    parsed.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })),
  )
}
