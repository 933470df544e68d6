/**
 * Contracts as data: JSON Schemas of what is on the wire, for reflection and for other languages.
 */
import { InvalidOptionsError } from '@troupe/core/kernel'
import { z } from 'zod'
import { type Contract, contract, type ProcedureSpec, streamsOf } from './contract.js'
import { type AnySchema, parseBy, type Schema } from './standard.js'

type JsonSchema = Readonly<Record<string, unknown>> | boolean

export interface ProcedureDescription {
  /** Whether it has a stream to the server, and to the client. */
  readonly in: boolean
  readonly out: boolean
  readonly idempotent: boolean
  readonly timeoutMs: number | null
  /** JSON Schemas (draft 2020-12), null where there is none, or where its library cannot write it. */
  readonly input: JsonSchema | null
  readonly output: JsonSchema | null
  readonly streamIn: JsonSchema | null
  readonly streamOut: JsonSchema | null
  readonly errors: Readonly<Record<string, JsonSchema | null>>
  /** What could not be written as a JSON Schema, and why. */
  readonly unwritten?: Readonly<Record<string, string>>
}

export interface ContractDescription {
  readonly service: string
  readonly version: string | null
  readonly procedures: Readonly<Record<string, ProcedureDescription>>
}

/** A contract as data. */
export function describeContract({ name, version, procedures }: Contract): ContractDescription {
  return {
    service: name,
    version: version ?? null,
    procedures: Object.fromEntries(Object.entries(procedures).map(([key, spec]) => [key, describeProcedure(spec)])),
  }
}

const Written = z
  .union([z.record(z.string(), z.unknown()), z.boolean()])
  .nullable()
  .default(null)

/** What a server says that its contract is. */
export const Description: Schema<unknown, ContractDescription> = z.object({
  service: z.string(),
  version: z.string().nullable().default(null),
  procedures: z.record(
    z.string(),
    z.object({
      in: z.boolean(),
      out: z.boolean(),
      idempotent: z.boolean().default(false),
      timeoutMs: z.number().nullable().default(null),
      ...{ input: Written, output: Written, streamIn: Written, streamOut: Written },
      errors: z.record(z.string(), Written).default({}),
      unwritten: z.record(z.string(), z.string()).exactOptional(),
    }),
  ),
})

/**
 * A contract of a description, as `$describe` gives it, for a client that has no other: any value fits, and what does not
 * is refused by the server.
 * @throws {InvalidOptionsError} `INVALID_OPTIONS` for what is no description
 */
export function contractFrom(description: unknown): Contract {
  const parsed = parseBy(Description, description)
  if (!parsed.ok) throw new InvalidOptionsError('a contract', [{ path: 'description', message: parsed.why }])
  const { service, version, procedures } = parsed.value as ContractDescription
  const specs = Object.entries(procedures).map(([key, described]) => [key, specFrom(described)] as const)
  return contract(service, { ...(version !== null && { version }), procedures: Object.fromEntries(specs) })
}

function specFrom({ in: hasIn, out: hasOut, idempotent, timeoutMs, errors }: ProcedureDescription): ProcedureSpec {
  return {
    input: anything,
    idempotent,
    ...(!hasOut && { output: anything }),
    stream: { ...(hasIn && { in: anything }), ...(hasOut && { out: anything }) },
    errors: Object.fromEntries(Object.keys(errors).map((kind) => [kind, anything])),
    ...(timeoutMs !== null && { timeoutMs }),
  }
}

const anything = z.unknown()

function describeProcedure(spec: ProcedureSpec): ProcedureDescription {
  const unwritten: Record<string, string> = {}
  const write = (what: string, schema: AnySchema | undefined): JsonSchema | null => {
    if (schema === undefined) return null
    try {
      return jsonSchemaOf(schema)
    } catch (error) {
      unwritten[what] = error instanceof Error ? error.message : String(error)
      return null
    }
  }
  const { in: hasIn, out: hasOut } = streamsOf(spec)
  const description = {
    in: hasIn,
    out: hasOut,
    idempotent: spec.idempotent === true,
    timeoutMs: spec.timeoutMs ?? null,
    input: write('input', spec.input),
    output: write('output', spec.output),
    streamIn: write('streamIn', spec.stream?.in),
    streamOut: write('streamOut', spec.stream?.out),
    errors: Object.fromEntries(
      Object.entries(spec.errors ?? {}).map(([kind, schema]) => [kind, write(`errors.${kind}`, schema)]),
    ),
  }
  return Object.keys(unwritten).length === 0 ? description : { ...description, unwritten }
}

/** What is on the wire is the input of a schema. @throws why its library cannot write it */
function jsonSchemaOf(schema: AnySchema): JsonSchema {
  const { vendor, jsonSchema } = schema['~standard'] as {
    readonly vendor: string
    readonly jsonSchema?: { input(options: { target: string }): JsonSchema }
  }
  if (vendor === 'arktype') return (schema as unknown as ArkType).in.toJsonSchema({ fallback: ARKTYPE_FALLBACK })
  // The Standard JSON Schema interface, where the library has it.
  if (typeof jsonSchema?.input === 'function') return jsonSchema.input({ target: 'draft-2020-12' })
  if (vendor === 'zod') return z.toJSONSchema(schema as unknown as z.ZodType, { io: 'input' }) as JsonSchema
  throw new Error(`schemas of ${vendor} cannot be written as JSON Schema`)
}

/** By its Standard JSON Schema interface it writes what JSON does not have, as bytes, as anything at all. */
interface ArkType {
  readonly in: { toJsonSchema(options: { fallback: typeof ARKTYPE_FALLBACK }): JsonSchema }
}

/** What a predicate narrows further is written without it, as zod does with what `refine` adds. */
const ARKTYPE_FALLBACK = { predicate: ({ base }: { readonly base: JsonSchema }) => base }
