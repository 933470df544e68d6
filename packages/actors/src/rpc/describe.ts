/**
 * Contracts as data: JSON Schemas of what is on the wire, for reflection and for other languages.
 */
import { z } from 'zod'
import { type Contract, contract, type ProcedureSpec, streamsOf } from './contract.js'
import type { AnySchema } from './standard.js'

type JsonSchema = Readonly<Record<string, unknown>>

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

/** Takes what a peer says that its contract is: whatever does not fit is refused by the peer itself. */
const Description = z.object({
  service: z.string(),
  version: z.string().nullish(),
  procedures: z.record(
    z.string(),
    z.object({
      in: z.boolean(),
      out: z.boolean(),
      idempotent: z.boolean().default(false),
      timeoutMs: z.number().nullish(),
    }),
  ),
})

/** A contract of a description, as `$describe` gives it, for a client that has no other: any value fits. */
export function contractFrom(description: unknown): Contract {
  const { service, version, procedures } = Description.parse(description)
  const specs = Object.entries(procedures).map(([key, { in: hasIn, out: hasOut, idempotent, timeoutMs }]) => {
    const spec: ProcedureSpec = {
      input: anything,
      idempotent,
      ...(!hasOut && { output: anything }),
      stream: { ...(hasIn && { in: anything }), ...(hasOut && { out: anything }) },
      ...(timeoutMs != null && { timeoutMs }),
    }
    return [key, spec] as const
  })
  return contract(service, { ...(version != null && { version }), procedures: Object.fromEntries(specs) })
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
  // The Standard JSON Schema interface, where the library has it.
  if (typeof jsonSchema?.input === 'function') return jsonSchema.input({ target: 'draft-2020-12' })
  if (vendor === 'zod') return z.toJSONSchema(schema as unknown as z.ZodType, { io: 'input' }) as JsonSchema
  const { toJsonSchema } = schema as { toJsonSchema?: () => JsonSchema }
  if (typeof toJsonSchema === 'function') return toJsonSchema.call(schema)
  throw new Error(`schemas of ${vendor} cannot be written as JSON Schema`)
}
