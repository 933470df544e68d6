/**
 * By what two schemas are seen to be the same.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'

/** A digest of schemas as JSON Schema writes them. What it cannot say counts as anything. */
export function digestOf(schemas: z.ZodType | readonly z.ZodType[]): string {
  const shape = Array.isArray(schemas) ? schemas.map(shapeOf) : shapeOf(schemas as z.ZodType)
  return createHash('sha256').update(JSON.stringify(shape)).digest('base64url').slice(0, 22)
}

const shapeOf = (schema: z.ZodType): unknown => z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' })
