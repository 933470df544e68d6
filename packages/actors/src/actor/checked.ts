/**
 * Messages, events and snapshots against their schemas.
 */
import { InvalidMessageError } from '@troupe/core/kernel'
import type { z } from 'zod'

/** What the schema makes of a value; the value itself without a schema. @throws {InvalidMessageError} `INVALID_MESSAGE` */
export function checked<Value>(schema: z.ZodType<Value> | undefined, value: unknown, what: string): Value {
  if (schema === undefined) return value as Value
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new InvalidMessageError(what, parsed.error)
}
