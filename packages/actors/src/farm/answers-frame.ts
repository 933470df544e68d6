/**
 * The bodies of what a worker sends: what cannot be encoded, or is too large for the farm, costs the task that gave it, and none
 * of the others.
 */
import { errorData } from '@troupe/core'
import type { Failure } from './failure.js'
import {
  type BodyEncoding,
  type BodyParts,
  encodeParts,
  listFor,
  type ResultsBody,
  tryValue,
  type UpdateBody,
} from './wire.js'

/** Results as one body, or as several where that would be too large. What cannot go becomes the failure of its task. */
export function encodeResults(
  results: ResultsBody,
  encoding: BodyEncoding,
  maxBytes = Number.POSITIVE_INFINITY,
): BodyParts[] {
  const body = encodeTogether(results, encoding)
  if (body !== undefined && fits(body, maxBytes)) return [body]
  const { outputs, failures, ...rest } = results
  const each: ResultsBody[] = [
    ...outputs.flatMap(([firstTicket, values]) => values.map((value, index) => outputOf(firstTicket + index, value))),
    ...failures.map(failureOf),
  ]
  if (each.length > 1) {
    const half = each.length >> 1
    const first = { ...together(each.slice(0, half)), ...rest }
    const second = together(each.slice(half))
    return [first, second].flatMap((some) => encodeResults(some, encoding, maxBytes))
  }
  const ticket = outputs[0]?.[0] ?? failures[0]![0]
  const why = body === undefined ? 'cannot be encoded' : tooLarge(body, maxBytes)
  return [encodeParts({ ...failureOf([ticket, { kind: 'output', why }]), ...rest }, encoding)]
}

/** An update as bodies, and the tasks whose parts cannot go: of them they have what was before. */
export function encodeUpdate(
  update: UpdateBody,
  encoding: BodyEncoding,
  maxBytes = Number.POSITIVE_INFINITY,
): { readonly bodies: readonly BodyParts[]; readonly refused: readonly [ticket: number, why: string][] } {
  try {
    const parts = update.parts.map(([ticket, values]) => [ticket, listFor(values, encoding)])
    const body = encodeParts({ ...update, parts }, encoding)
    if (fits(body, maxBytes)) return { bodies: [body], refused: [] }
  } catch {
    // One of them cannot be encoded: which, is seen when each goes alone.
  }
  const bodies = [encodeParts({ parts: [], progress: update.progress }, encoding)]
  const refused: [number, string][] = []
  for (const [ticket, values] of update.parts) {
    const why = encodeEach(ticket, values, { encoding, maxBytes, bodies })
    if (why !== undefined) refused.push([ticket, why])
  }
  return { bodies, refused }
}

/** Adds a body for each value up to the first that cannot go; returns why not. */
function encodeEach(
  ticket: number,
  values: readonly unknown[],
  { encoding, maxBytes, bodies }: { encoding: BodyEncoding; maxBytes: number; bodies: BodyParts[] },
): string | undefined {
  for (const value of values) {
    try {
      const body = encodeParts({ parts: [[ticket, [value]]], progress: [] }, encoding)
      if (!fits(body, maxBytes)) return `as a part ${tooLarge(body, maxBytes)}`
      bodies.push(body)
    } catch (error) {
      return `as a part cannot be encoded: ${errorData(error).message}`
    }
  }
  return undefined
}

/** Undefined where they can be encoded only in several bodies: together they have more in them than a message may. */
function encodeTogether(results: ResultsBody, encoding: BodyEncoding): BodyParts | undefined {
  try {
    const outputs = results.outputs.map(([firstTicket, values]) => [firstTicket, listFor(values, encoding)])
    return encodeParts({ ...results, outputs }, encoding)
  } catch {
    const failures = [...results.failures]
    const outputs = results.outputs.flatMap(([firstTicket, values]) =>
      values.flatMap((value, index): [number, unknown[]][] => {
        try {
          tryValue(value, encoding)
          return [[firstTicket + index, [value]]]
        } catch (error) {
          const why = `cannot be encoded: ${errorData(error).message}`
          failures.push([firstTicket + index, { kind: 'output', why }])
          return []
        }
      }),
    )
    return tryParts({ ...results, outputs, failures }, encoding)
  }
}

function tryParts(body: unknown, encoding: BodyEncoding): BodyParts | undefined {
  try {
    return encodeParts(body, encoding)
  } catch {
    return undefined
  }
}

const outputOf = (ticket: number, value: unknown): ResultsBody => ({
  ...{ outputs: [[ticket, [value]]], failures: [], busyMs: 0 },
})
const failureOf = (failure: readonly [ticket: number, Failure]): ResultsBody => ({
  ...{ outputs: [], failures: [failure], busyMs: 0 },
})
const together = (all: readonly ResultsBody[]): ResultsBody => ({
  outputs: all.flatMap(({ outputs }) => outputs),
  failures: all.flatMap(({ failures }) => failures),
  busyMs: 0,
})

const fits = (body: BodyParts, maxBytes: number): boolean => body.every(({ byteLength }) => byteLength <= maxBytes)

function tooLarge(body: BodyParts, maxBytes: number): string {
  const bytes = Math.max(...body.map(({ byteLength }) => byteLength))
  return `is too large: ${bytes} bytes, and the farm takes ${maxBytes} in one part of a message (maxMessageBytes)`
}
