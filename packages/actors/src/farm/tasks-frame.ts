/**
 * A frame of tasks: made of ledger entries, and read again where an input is wanted after it was sent.
 */
import type { Entry, SentFrame } from './ledger.js'
import type { Wants } from './update-sink.js'
import { type BodyEncoding, type BodyParts, decodeParts, listFor, type TaskGroup, tryValue } from './wire.js'

/** The body of a frame of entries, in order: neighbours of one task and one limit are one group. */
export function tasksBody(firstTicket: number, entries: readonly Entry[], encoding: BodyEncoding): unknown {
  const groups: (TaskGroup & { inputs: unknown[]; attempts: number[] | null })[] = []
  let group: (typeof groups)[number] | undefined
  let wants: Wants | undefined
  for (const { line, timeoutMs, attempts, input, owner } of entries) {
    const { updates } = owner
    if (group === undefined || group.name !== line.name || group.timeoutMs !== timeoutMs || updates?.wants !== wants) {
      wants = updates?.wants
      group = { name: line.name, timeoutMs, attempts: null, inputs: [], ...wants }
      groups.push(group)
    }
    // Nearly all are in their first try, which is not written.
    if (attempts > 0 && group.attempts === null)
      (group as { attempts: number[] | null }).attempts = group.inputs.map(() => 1)
    group.attempts?.push(attempts + 1)
    group.inputs.push(input)
  }
  return { firstTicket, groups: groups.map((each) => ({ ...each, inputs: listFor(each.inputs, encoding) })) }
}

/** The entries that cannot be encoded, with what the encoder throws for each. */
export function unencodable(entries: readonly Entry[], encoding: BodyEncoding): Map<Entry, unknown> {
  const refused = new Map<Entry, unknown>()
  for (const entry of entries) {
    try {
      tryValue(entry.input, encoding)
    } catch (error) {
      refused.set(entry, error)
    }
  }
  return refused
}

/** The body of a frame that was sent. It is decoded when the first of its inputs is asked for: few ever are. */
export class SentTasks implements SentFrame {
  readonly #parts: BodyParts
  readonly #encoding: BodyEncoding
  #inputs: readonly unknown[] | undefined

  constructor(parts: BodyParts, encoding: BodyEncoding) {
    this.#parts = parts
    this.#encoding = encoding
  }

  inputAt(place: number): unknown {
    this.#inputs ??= decodeParts('TASKS', this.#parts, this.#encoding)?.groups.flatMap(({ inputs }) => inputs) ?? []
    return this.#inputs[place]
  }
}
