/**
 * Whether a value fits its schema, said as a sentence if not.
 */
import type { z } from 'zod'
import type { Parsed } from './ledger.js'

/** Parses `value` with a schema. A schema that throws, as an asynchronous one does, counts as one that does not fit. */
export function parse(schema: z.ZodType, value: unknown): Parsed {
  try {
    const parsed = schema.safeParse(value)
    return parsed.success ? { ok: true, value: parsed.data } : { ok: false, why: misfitText(parsed.error) }
  } catch (error) {
    return { ok: false, why: `cannot be checked by its schema: ${error instanceof Error ? error.message : error}` }
  }
}

/** Why `value` does not fit a schema, or undefined if it does. */
export function misfit(schema: z.ZodType, value: unknown): string | undefined {
  const parsed = parse(schema, value)
  return parsed.ok ? undefined : parsed.why
}

function misfitText({ issues }: z.ZodError): string {
  const list = issues
    .slice(0, 5)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
  return `does not fit its schema (${list.join('; ')}${issues.length > 5 ? `; and ${issues.length - 5} more` : ''})`
}
