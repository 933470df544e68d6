/**
 * Tells the callbacks of a submit or a map what its running tasks say before their end.
 */
import type { z } from 'zod'
import { callListener } from '../actor/call-listener.js'
import { InvalidOutputError } from './farm-errors.js'
import { parse } from './fit.js'
import type { Entry } from './ledger.js'
import { FIRST_PARTS, PartCredit } from './part-credit.js'
import type { Progress } from './progress.js'
import type { UpdateSink, Wants } from './update-sink.js'

/** Of which input, and of which try of its task. */
export interface UpdateFacts {
  /** Its place in the input of a map, or the number of the submit. */
  readonly index: number
  /** From 1. Parts begin anew with each try, and none of an older one comes after. */
  readonly attempt: number
}

export interface UpdateCallbacks {
  readonly onPartial?: ((part: unknown, facts: UpdateFacts) => void) | undefined
  readonly onProgress?: ((progress: Progress, facts: UpdateFacts) => void) | undefined
}

/** What a sink has done by the farm. */
export interface UpdatePort {
  /** The try of a task may go up to a part. */
  allow(entry: Entry, upTo: number): void
  /** Ends a task, which has failed. */
  fail(entry: Entry, reason: Error): void
}

export class UpdateCalls implements UpdateSink {
  readonly wants: Wants
  readonly #callbacks: UpdateCallbacks
  readonly #partial: z.ZodType | undefined
  readonly #port: UpdatePort
  readonly #credits = new WeakMap<Entry, { readonly attempt: number; readonly credit: PartCredit }>()

  /** Undefined where nobody listens. */
  static of(callbacks: UpdateCallbacks, partial: z.ZodType | undefined, port: UpdatePort): UpdateCalls | undefined {
    const { onPartial, onProgress } = callbacks
    if (onPartial === undefined && onProgress === undefined) return undefined
    return new UpdateCalls(callbacks, partial, port)
  }

  private constructor(callbacks: UpdateCallbacks, partial: z.ZodType | undefined, port: UpdatePort) {
    this.#callbacks = callbacks
    this.#partial = partial
    this.#port = port
    const parts = callbacks.onPartial === undefined || partial === undefined ? 0 : FIRST_PARTS
    this.wants = { parts, progress: callbacks.onProgress !== undefined }
  }

  parts(entry: Entry, values: readonly unknown[], bytes: number): void {
    const credit = this.#creditOf(entry)
    const failure = checkParts(entry, values, this.#partial, credit.came(values.length, bytes))
    if (failure instanceof Error) return this.#port.fail(entry, failure)
    const facts = factsOf(entry)
    for (const part of failure) {
      this.#tell(entry, () => this.#callbacks.onPartial?.(part, facts))
      if (entry.state === 'done') return
    }
    const upTo = credit.took(values.length)
    if (upTo !== undefined) this.#port.allow(entry, upTo)
  }

  progress(entry: Entry, progress: Progress): void {
    this.#tell(entry, () => this.#callbacks.onProgress?.(progress, factsOf(entry)))
  }

  /** The callbacks are told by `attempt`. */
  again(): boolean {
    return true
  }

  /** A callback that throws fails its task, and nothing else. */
  #tell(entry: Entry, call: () => unknown): void {
    callListener(call, (error) => failTask(this.#port, entry, error))
  }

  #creditOf(entry: Entry): PartCredit {
    const known = this.#credits.get(entry)
    if (known?.attempt === entry.attempts) return known.credit
    const credit = new PartCredit()
    this.#credits.set(entry, { attempt: entry.attempts, credit })
    return credit
  }
}

const factsOf = ({ number, attempts }: Entry): UpdateFacts => ({ index: number, attempt: attempts })

/** Ends a task whose callback threw `error`. */
export const failTask = (port: UpdatePort, entry: Entry, error: unknown): void =>
  port.fail(entry, error instanceof Error ? error : new Error(String(error)))

/** Parts as their schema gives them, or what is wrong with them. */
export function checkParts(
  entry: Entry,
  values: readonly unknown[],
  partial: z.ZodType | undefined,
  isAllowed: boolean,
): unknown[] | InvalidOutputError {
  if (!isAllowed || partial === undefined)
    return new InvalidOutputError(entry.facts(), 'are more parts than it may send')
  const parts: unknown[] = []
  for (const value of values) {
    const parsed = parse(partial, value)
    if (!parsed.ok) return new InvalidOutputError(entry.facts(), `as a part ${parsed.why}`)
    parts.push(parsed.value)
  }
  return parts
}
