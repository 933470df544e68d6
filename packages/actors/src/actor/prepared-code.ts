/**
 * The code of an actor and its options, checked against each other: how its bodies are made, and what it can be sent.
 */
import { InvalidOptionsError, parseOptions } from '@troupe/core'
import type { AnyActorLogic } from 'xstate'
import type { z } from 'zod'
import { ActorOptions, type CheckedActorOptions } from './actor.options.js'
import { behaviourOf, namedBehaviour } from './behaviour-of.js'
import type { Body, BodyTerms } from './body.js'
import { checked } from './checked.js'
import { type ActorCode, kindOf, type SchemedLogic, schemedOf } from './code.js'
import type { Handler } from './handler.js'
import { InlineBody } from './inline-body.js'
import { isModuleExport, type ModuleExport } from './load-export.js'
import { notPersistent } from './not-persistent.js'
import { copied, pack, unpack } from './packing.js'
import type { Place } from './place.js'
import { startProcess } from './process-actor.js'
import { RemoteBody } from './remote-body.js'
import { startThread } from './thread-actor.js'

export interface PreparedCode {
  readonly name: string
  readonly options: CheckedActorOptions
  /** A body of it, from a kept snapshot if there is one. */
  body(terms: BodyTerms, kept: unknown): Body
  /**
   * A message as it is put into the mailbox: a copy, which no longer changes.
   * @throws {TroupeError} `INVALID_MESSAGE`, of code whose schema is known here; `ENCODE_FAILED`
   */
  copy(message: unknown): unknown
  /** The message again. */
  read(copy: unknown): unknown
}

const unpackLetter = (message: unknown): unknown => unpack(message as Uint8Array)
const asItIs = (message: unknown): unknown => message

/** @throws {InvalidOptionsError} `INVALID_OPTIONS` */
export function prepareCode(code: unknown, given: ActorOptions, place: Place | undefined): PreparedCode {
  const options = parseOptions(ActorOptions, given, 'an actor')
  if (isModuleExport(code)) return prepareNamed(code, options)
  const kind = kindOf(code)
  if (kind === undefined) {
    const message = 'must be a function, logic of xstate, a handler, or { module: a URL, export: a name }'
    throw new InvalidOptionsError('an actor', [{ path: 'code', message }])
  }
  const name = options.name ?? nameOf(code as ActorCode) ?? place?.path.split('/').at(-1) ?? 'anonymous'
  if (options.isolation !== 'inline') {
    const what = kind === 'function' ? 'a closure' : `a ${kind} that is not named`
    const message = `${what} cannot run in a ${options.isolation}: name a module and an export`
    throw new InvalidOptionsError(`actor ${name}`, [{ path: 'isolation', message }])
  }
  if (options.persist !== undefined && kind !== 'logic') throw notPersistent(name, kind)
  const schema = schemaOf(code as ActorCode)
  const behaviour = behaviourOf(code as ActorCode)
  return {
    name,
    options,
    body: (terms, kept) => new InlineBody(terms, kept, behaviour),
    copy: (message) => {
      if (schema !== undefined) checked(schema, message, `a message for actor ${name}`)
      return copied(message)
    },
    read: asItIs,
  }
}

function prepareNamed(code: ModuleExport, options: CheckedActorOptions): PreparedCode {
  const { isolation } = options
  const name = options.name ?? code.export
  if (isolation === 'inline') {
    return {
      name,
      options,
      body: (terms, kept) => new InlineBody(terms, kept, namedBehaviour(code)),
      copy: copied,
      read: asItIs,
    }
  }
  const start = isolation === 'thread' ? startThread : startProcess
  return {
    name,
    options,
    body: (terms, kept) => new RemoteBody({ terms, kept, code, start }),
    copy: pack,
    read: unpackLetter,
  }
}

function nameOf(code: ActorCode): string | undefined {
  const { name, id, logic } = code as { name?: unknown; id?: unknown; logic?: { id?: unknown } }
  const found = [name, id, logic?.id].find((it) => typeof it === 'string' && it !== '')
  return found as string | undefined
}

function schemaOf(code: ActorCode): z.ZodType | undefined {
  if (kindOf(code) === 'handler') return (code as Handler).message
  return kindOf(code) === 'logic' ? schemedOf(code as AnyActorLogic | SchemedLogic).schemas.events : undefined
}
