/**
 * Contracts: what a service offers, once for its server and its clients. Nothing is generated from them.
 */
import { InvalidOptionsError } from '@troupe/core/kernel'
import { type AnySchema, isSchema } from './standard.js'

export interface ProcedureSpec {
  /** What a call brings. */
  readonly input?: AnySchema
  /** What it gives, when it has no stream out. Default: nothing. */
  readonly output?: AnySchema
  /** What streams to the server (`in`) and to the client (`out`), item by item. */
  readonly stream?: { readonly in?: AnySchema; readonly out?: AnySchema }
  /** The errors that its handler may raise, by name, with the schemas of their data. */
  readonly errors?: Readonly<Record<string, AnySchema>>
  /** Whether to run it twice does the same as to run it once: only then is it tried again, moved or hedged. */
  readonly idempotent?: boolean
  /** How long a call waits unless it says otherwise, in ms; 0 for ever. Default: the client's. */
  readonly timeoutMs?: number
}

/** Names that a client has itself, or that would make it something else, as `then` would a promise. */
export const RESERVED_NAMES = [
  'then',
  'catch',
  'finally',
  'close',
  'state',
  'subscribe',
  'ready',
  'constructor',
  'toString',
  'valueOf',
  'toJSON',
  'prototype',
] as const
export type ReservedName = (typeof RESERVED_NAMES)[number]

type Procedures = Readonly<Record<string, ProcedureSpec>>

export interface Contract<Name extends string = string, P extends Procedures = Procedures> {
  readonly name: Name
  /** A client and a server of two versions refuse each other; undefined fits any. */
  readonly version: string | undefined
  readonly procedures: P
}

type Named<P extends Procedures> = {
  [Key in keyof P]: Key extends ReservedName ? 'a client has a member of this name itself' : P[Key]
}

type WithoutOutput<Spec> = Spec extends { readonly stream: { readonly out: AnySchema }; readonly output: AnySchema }
  ? { readonly output: 'what has a stream out has no output' }
  : unknown

/** In place of the name of a contract: a server of any takes its clients. */
export const ANY_SERVICE = '*'

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * A procedure of a contract: unary, or with a stream in, out or both.
 * @throws {InvalidOptionsError} `INVALID_OPTIONS`
 * @example
 * const quote = procedure({ input: Ticker, output: Quote, idempotent: true, errors: { UNKNOWN: z.object({ ticker: Ticker }) } })
 * const ticks = procedure({ input: Ticker, stream: { out: Tick } })
 */
export function procedure<const Spec extends ProcedureSpec>(spec: Spec & WithoutOutput<Spec>): Spec {
  const issues = issuesOf(spec)
  if (issues.length > 0) throw new InvalidOptionsError('a procedure', issues)
  return Object.freeze({ ...spec })
}

/**
 * A contract: the name of a service and its procedures.
 * @throws {InvalidOptionsError} `INVALID_OPTIONS`, also for a procedure with a name that a client has itself, as `close`
 * @example
 * export const pricing = contract('pricing', { procedures: { quote: procedure({ input: Ticker, output: Quote }) } })
 */
export function contract<const Name extends string, const P extends Procedures>(
  name: Name,
  { version, procedures }: { readonly version?: string; readonly procedures: P & Named<P> },
): Contract<Name, P> {
  if (typeof procedures !== 'object' || procedures === null) {
    throw new InvalidOptionsError(`contract ${name}`, [
      { path: 'procedures', message: 'must be there: the procedures by their names' },
    ])
  }
  const issues: Issue[] = []
  if (!NAME.test(name)) issues.push({ path: 'name', message: `must be a name like an identifier, not ${name}` })
  for (const [key, spec] of Object.entries(procedures as Procedures)) {
    const path = `procedures.${key}`
    if (!NAME.test(key)) issues.push({ path, message: 'must have a name like an identifier' })
    if ((RESERVED_NAMES as readonly string[]).includes(key)) {
      issues.push({ path, message: 'has a name that a client has itself' })
    }
    for (const issue of issuesOf(spec)) issues.push({ path: `${path}.${issue.path}`, message: issue.message })
  }
  if (issues.length > 0) throw new InvalidOptionsError(`contract ${name}`, issues)
  return Object.freeze({ name, version, procedures: Object.freeze({ ...procedures }) as P })
}

/** Whether a value, which may come from untyped code or another copy of this module, is a contract. */
export const isContract = (value: unknown): value is Contract => {
  const { name, procedures } = (value ?? {}) as Partial<Contract>
  if (typeof name !== 'string' || typeof procedures !== 'object' || procedures === null) return false
  return Object.values(procedures).every((spec) => issuesOf(spec).length === 0)
}

/** The schema of a stream of a procedure; undefined if it has none. */
export type StreamOf<Spec extends ProcedureSpec, End extends 'in' | 'out'> = Spec extends {
  readonly stream: { readonly [Key in End]: infer S extends AnySchema }
}
  ? S
  : undefined

/** What streams a procedure has. */
export const streamsOf = ({ stream }: ProcedureSpec): { readonly in: boolean; readonly out: boolean } => ({
  in: stream?.in !== undefined,
  out: stream?.out !== undefined,
})

type Issue = { path: string; message: string }

function issuesOf(spec: ProcedureSpec): Issue[] {
  if (typeof spec !== 'object' || spec === null) return [{ path: '', message: 'must be a procedure' }]
  const { input, output, stream, errors, timeoutMs } = spec
  const schemas: [path: string, schema: unknown][] = [
    ['input', input],
    ['output', output],
    ['stream.in', stream?.in],
    ['stream.out', stream?.out],
    ...Object.entries(errors ?? {}).map(([kind, schema]): [string, unknown] => [`errors.${kind}`, schema]),
  ]
  const issues = schemas
    .filter(([, schema]) => schema !== undefined && !isSchema(schema))
    .map(([path]) => ({ path, message: 'must be a schema (zod, or another with the Standard Schema interface)' }))
  if (output !== undefined && stream?.out !== undefined) {
    issues.push({ path: 'output', message: 'must not be there with a stream out, whose items are what it gives' })
  }
  if (timeoutMs !== undefined && !(timeoutMs >= 0 && timeoutMs < 2 ** 31)) {
    issues.push({ path: 'timeoutMs', message: `must be from 0 to 2147483647, not ${String(timeoutMs)}` })
  }
  return issues
}
