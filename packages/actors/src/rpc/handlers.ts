/**
 * The handlers of a contract: what their types are, and what stands around them.
 */
import { InvalidOptionsError } from '@troupe/core/kernel'
import type { CallContext } from './call-context.js'
import type { Contract, ProcedureSpec, StreamOf } from './contract.js'
import type { Middleware } from './server/middleware.js'
import type { AnySchema, InputOf, OutputOf } from './standard.js'

type Given<Value> = Value | PromiseLike<Value>
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without an output returns nothing
type Reply<Spec extends ProcedureSpec> = Spec['output'] extends AnySchema ? InputOf<Spec['output']> : void

/** What comes in of a stream: parsed by its schema, item by item, as fast as it is taken. */
export type Incoming<Item> = AsyncIterableIterator<Item, undefined>

/** The handler of a procedure: it is given the input, the stream in if there is one, and the context. */
export type HandlerOf<Spec extends ProcedureSpec> =
  StreamOf<Spec, 'in'> extends infer In extends AnySchema
    ? (input: OutputOf<Spec['input']>, incoming: Incoming<OutputOf<In>>, context: CallContext<Spec>) => ResultOf<Spec>
    : (input: OutputOf<Spec['input']>, context: CallContext<Spec>) => ResultOf<Spec>

type ResultOf<Spec extends ProcedureSpec> =
  StreamOf<Spec, 'out'> extends infer Out extends AnySchema
    ? AsyncIterable<InputOf<Out>> | Iterable<InputOf<Out>>
    : Given<Reply<Spec>>

/** A handler for each procedure of a contract. */
export type Handlers<C extends Contract> = {
  readonly [Key in keyof C['procedures']]: HandlerOf<C['procedures'][Key]>
}

/** Handlers with their contract: what a module exports for workers. */
export interface Implementation<C extends Contract = Contract> {
  readonly contract: C
  readonly handlers: Handlers<C>
  readonly middleware: readonly Middleware[]
}

const made = new WeakSet<object>()

/**
 * Ties handlers to their contract, so that a module can export them, for `serve` with workers.
 * @throws {InvalidOptionsError} `INVALID_OPTIONS` for a procedure without a handler, or a handler without a procedure
 * @example
 * export const handlers = implement(pricing, { quote: async (ticker, { signal }) => lookUp(ticker, signal) })
 */
export function implement<C extends Contract>(
  contract: C,
  handlers: Handlers<C>,
  { middleware = [] }: { readonly middleware?: readonly Middleware[] } = {},
): Implementation<C> {
  const issues: { path: string; message: string }[] = []
  for (const name of Object.keys(contract.procedures)) {
    const isThere = typeof (handlers as Record<string, unknown>)[name] === 'function'
    if (!isThere) issues.push({ path: name, message: 'must be a function: the contract has a procedure of this name' })
  }
  for (const name of Object.keys(handlers)) {
    if (!Object.hasOwn(contract.procedures, name)) {
      issues.push({ path: name, message: 'must not be there: the contract has no procedure of this name' })
    }
  }
  if (issues.length > 0) throw new InvalidOptionsError(`the handlers of contract ${contract.name}`, issues)
  const implementation = Object.freeze({ contract, handlers, middleware: [...middleware] })
  made.add(implementation)
  return implementation
}

/** Whether a value, which may come from untyped code or another copy of this module, is what {@link implement} makes. */
export const isImplementation = (value: unknown): value is Implementation => {
  if (typeof value !== 'object' || value === null) return false
  if (made.has(value)) return true
  const { contract, handlers, middleware } = value as Partial<Implementation>
  return typeof contract?.procedures === 'object' && typeof handlers === 'object' && Array.isArray(middleware)
}
