/**
 * Schemas by the Standard Schema interface, which zod, valibot and arktype share.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'

/** A schema of any library that speaks Standard Schema. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>
// biome-ignore lint/suspicious/noExplicitAny: a schema of whatever types: neither way of its variance would do
export type AnySchema = StandardSchemaV1<any, any>

export type InputOf<S> = S extends AnySchema ? StandardSchemaV1.InferInput<S> : undefined
export type OutputOf<S> = S extends AnySchema ? StandardSchemaV1.InferOutput<S> : undefined

export type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly why: string }

/** So many issues are told. */
const MAX_ISSUES = 5

export const isSchema = (value: unknown): value is AnySchema => {
  const standard = (value as Partial<AnySchema> | null | undefined)?.['~standard']
  return typeof standard?.validate === 'function'
}

/** Parses a value. A schema that throws, or is asynchronous, counts as one that does not fit. */
export function parseBy(schema: AnySchema | undefined, value: unknown): Parsed {
  if (schema === undefined) {
    // nil stands for no value on the wire.
    return value === undefined || value === null
      ? { ok: true, value: undefined }
      : { ok: false, why: 'is a value, and there is none to be' }
  }
  try {
    const result = schema['~standard'].validate(value)
    if (result instanceof Promise) {
      result.catch(() => undefined)
      return { ok: false, why: 'cannot be checked: its schema is asynchronous' }
    }
    return result.issues === undefined ? { ok: true, value: result.value } : { ok: false, why: misfit(result.issues) }
  } catch (error) {
    return { ok: false, why: `cannot be checked: its schema threw ${error instanceof Error ? error.message : error}` }
  }
}

function misfit(issues: readonly StandardSchemaV1.Issue[]): string {
  const list = issues.slice(0, MAX_ISSUES).map(({ path = [], message }) => {
    const at = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
    return at === '' ? message : `${at}: ${message}`
  })
  const more = issues.length > MAX_ISSUES ? `; and ${issues.length - MAX_ISSUES} more` : ''
  return `does not fit its schema (${list.join('; ')}${more})`
}
