/**
 * The three kinds of code that an actor can be made of: a function with a pipe, any logic of xstate, a handler.
 */
import type { AnyActorLogic, EmittedFrom, EventFromLogic, InputFrom } from 'xstate'
import type { z } from 'zod'
import type { ActorFunction } from './actor-context.js'
import type { Handler } from './handler.js'
import type { ActorSnapshot } from './snapshot.js'

/** What the events of a logic must be. Without one, any event is taken; what a sender has validated is parsed here. */
export interface LogicSchemas {
  /** Of the events that it is sent. */
  readonly events?: z.ZodType
  /** Of the events that it emits. */
  readonly emits?: z.ZodType
  /** Of its persisted snapshot, before it is restarted from it. */
  readonly snapshot?: z.ZodType
}

/** Logic of xstate with schemas: see {@link withSchemas}. */
export interface SchemedLogic<
  Logic extends AnyActorLogic = AnyActorLogic,
  Schemas extends LogicSchemas = LogicSchemas,
> {
  readonly logic: Logic
  readonly schemas: Schemas
}

/**
 * Any logic of xstate, with schemas for what it is sent and emits, and for the snapshot that it is restarted from. The logic stays as
 * it is.
 * @example
 * export const order = withSchemas(orderMachine, { events: OrderEvent, emits: OrderNews })
 */
export const withSchemas = <Logic extends AnyActorLogic, Schemas extends LogicSchemas>(
  logic: Logic,
  schemas: Schemas,
): SchemedLogic<Logic, Schemas> => ({ logic, schemas })

export type ActorCode = ActorFunction<never> | AnyActorLogic | SchemedLogic | Handler

/** The kinds of code, as they are told apart at run time. */
export type CodeKind = 'function' | 'logic' | 'handler'

/** What kind of code a value is, which may come from untyped code; undefined for none. */
export function kindOf(code: unknown): CodeKind | undefined {
  if (typeof code === 'function') return 'function'
  if (typeof code !== 'object' || code === null) return undefined
  if (isLogic(code) || isLogic((code as { logic?: unknown }).logic)) return 'logic'
  return typeof (code as { receive?: unknown }).receive === 'function' ? 'handler' : undefined
}

const isLogic = (value: unknown): boolean => {
  const { transition, getInitialSnapshot } = (value ?? {}) as Partial<AnyActorLogic>
  return typeof transition === 'function' && typeof getInitialSnapshot === 'function'
}

/** The logic of code of that kind, and its schemas. */
export const schemedOf = (code: AnyActorLogic | SchemedLogic): SchemedLogic =>
  'logic' in code ? (code as SchemedLogic) : { logic: code, schemas: {} }

type In<Schema, Else> = Schema extends z.ZodType ? z.input<Schema> : Else
type Out<Schema, Else> = Schema extends z.ZodType ? z.output<Schema> : Else

/** What an actor of such code is sent. */
export type MessageOf<Code> =
  Code extends SchemedLogic<infer Logic, infer Schemas>
    ? In<Schemas['events'], EventFromLogic<Logic>>
    : Code extends AnyActorLogic
      ? EventFromLogic<Code>
      : Code extends {
            readonly receive: (message: infer Message, context: never) => unknown
            readonly message?: infer Schema
          }
        ? In<NonNullable<Schema>, Message>
        : unknown

/** What an actor of such code answers to an ask. */
export type ReplyOf<Code> = Code extends SchemedLogic | AnyActorLogic
  ? ActorSnapshot
  : Code extends { readonly receive: (message: never, context: never) => infer Reply }
    ? Awaited<Reply>
    : unknown

/** What an actor of such code says of itself, to `receive`. */
export type SaidOf<Code> =
  Code extends SchemedLogic<infer Logic, infer Schemas>
    ? Out<Schemas['emits'], EmittedFrom<Logic>>
    : Code extends AnyActorLogic
      ? EmittedFrom<Code>
      : unknown

/** What it is started with. */
export type ArgsOf<Code> =
  Code extends SchemedLogic<infer Logic>
    ? InputFrom<Logic>
    : Code extends AnyActorLogic
      ? InputFrom<Code>
      : Code extends ActorFunction<infer Args>
        ? Args
        : Code extends { readonly init?: ((args: infer Args, context: never) => unknown) | undefined }
          ? Args
          : unknown
