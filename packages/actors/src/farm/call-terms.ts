/**
 * What the tasks of one call have in common: of its own options, else of the task's definition, else of the farm.
 */
import { errorData, InvalidOptionsError } from '@troupe/core'
import type { z } from 'zod'
import { type CheckedFarmOptions, type MapOptions, SpeculateOptions, type SubmitOptions } from './farm.options.js'
import { InvalidInputError } from './farm-errors.js'
import { misfit } from './fit.js'
import { Entry, type TaskLine, type TaskOwner } from './ledger.js'
import { Rate, type RateTerms } from './rate.js'
import { type Routing, routingOf } from './routing.js'
import type { Task } from './task.js'

export interface CallTerms {
  readonly timeoutMs: number
  readonly retries: number
  readonly routing: Routing | undefined
  readonly orderKey: string | ((input: unknown) => string) | undefined
}

const DEFAULT_SPECULATE = SpeculateOptions.parse({})

interface CallOptions extends Pick<SubmitOptions, 'timeoutMs' | 'retries' | 'priority' | 'tags'> {
  readonly key?: CallTerms['orderKey']
  readonly rate?: RateTerms | undefined
}

/** What calls of a task begin from: its definition, the farm, and the rates of both. */
export interface Defaults {
  readonly task: Task
  readonly farm: CheckedFarmOptions
  readonly rates: readonly Rate[]
}

export function callTerms({ task, farm, rates: common }: Defaults, call: CallOptions): CallTerms {
  const tags = [...(task.tags ?? []), ...(call.tags ?? [])]
  const rates = call.rate === undefined ? common : [...common, new Rate(call.rate)]
  return {
    timeoutMs: call.timeoutMs ?? task.timeoutMs ?? farm.timeoutMs,
    retries: call.retries ?? task.retries ?? farm.retries,
    routing: routingOf({ priority: call.priority, tags, rates, inOrder: call.key !== undefined }),
    orderKey: call.key,
  }
}

/** @throws {InvalidOptionsError} `INVALID_OPTIONS` where a second run would do harm */
export function speculateTerms(task: Task, { speculate, key, onPartial }: z.output<typeof MapOptions>) {
  if (speculate === undefined || speculate === false) return undefined
  const refused = (message: string) => new InvalidOptionsError('a map', [{ path: 'speculate', message }])
  if (task.idempotent !== true)
    throw refused(`may run task "${task.name}" twice at the same time, and it is not said to be \`idempotent\``)
  if (key !== undefined) throw refused('cannot be given with `key`: of one key one task runs at a time')
  if (onPartial !== undefined) throw refused('cannot be given with `onPartial`: the parts of two runs would be mixed')
  return speculate === true ? DEFAULT_SPECULATE : speculate
}

/** Where an input comes from. */
export interface Origin {
  readonly line: TaskLine & { readonly task: Task }
  /** Its place in its map, or the number of its submit. */
  readonly number: number
  readonly owner: TaskOwner
}

/** Makes the entry of an input; one that does not fit its schema is settled already. */
export function entryOf(input: unknown, { line, number, owner }: Origin, terms: CallTerms): Entry {
  const entry = new Entry(line, input, number, terms.timeoutMs, terms.retries, owner)
  entry.routing = terms.routing
  const why = misfit(line.task.input, input)
  if (why !== undefined) refuse(entry, why)
  else if (terms.orderKey !== undefined) putInOrder(entry, input, terms.orderKey)
  return entry
}

/** What a caller's function gives, or throws, is as little to be trusted as the input. */
function putInOrder(entry: Entry, input: unknown, orderKey: NonNullable<CallTerms['orderKey']>): void {
  try {
    const key: unknown = typeof orderKey === 'string' ? orderKey : orderKey(input)
    if (typeof key === 'string') entry.orderKey = key
    else refuse(entry, `has a key that is no string but ${typeof key}`)
  } catch (error) {
    refuse(entry, `has no key: ${errorData(error).message}`, error)
  }
}

function refuse(entry: Entry, why: string, cause?: unknown): void {
  entry.state = 'done'
  entry.reason = new InvalidInputError(entry.facts(), why, cause)
}
