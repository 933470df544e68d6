/**
 * The bodies of what a worker sends: what cannot be encoded costs the task that gave it, and none of the others.
 */
import { errorData } from '@troupe/core'
import { type BodyEncoding, type BodyParts, encodeParts, listFor, type ResultsBody, type UpdateBody } from './wire.js'

/** Results as a body. One that cannot be encoded becomes the failure of its task, and the others stay. */
export function encodeResults(results: ResultsBody, encoding: BodyEncoding): BodyParts {
  try {
    const outputs = results.outputs.map(([firstTicket, values]) => [firstTicket, listFor(values, encoding)])
    return encodeParts({ ...results, outputs }, encoding)
  } catch {
    const failures = [...results.failures]
    const outputs = results.outputs.flatMap(([firstTicket, values]) =>
      values.flatMap((value, index): [number, unknown[]][] => {
        try {
          encodeParts(value, encoding)
          return [[firstTicket + index, [value]]]
        } catch (error) {
          const why = `cannot be encoded: ${errorData(error).message}`
          failures.push([firstTicket + index, { kind: 'output', why }])
          return []
        }
      }),
    )
    return encodeParts({ ...results, outputs, failures }, encoding)
  }
}

/** An update as a body, and the tasks whose parts cannot be encoded: of them it has what was before. */
export function encodeUpdate(
  update: UpdateBody,
  encoding: BodyEncoding,
): { readonly parts: BodyParts; readonly refused: readonly [ticket: number, why: string][] } {
  try {
    const parts = update.parts.map(([ticket, values]) => [ticket, listFor(values, encoding)])
    return { parts: encodeParts({ ...update, parts }, encoding), refused: [] }
  } catch {
    const refused: [number, string][] = []
    const parts = update.parts.map(([ticket, values]): [number, readonly unknown[]] => {
      const [bad, why] = firstUnencodable(values, encoding)
      if (why !== undefined) refused.push([ticket, why])
      return [ticket, values.slice(0, bad)]
    })
    return { parts: encodeParts({ ...update, parts }, encoding), refused }
  }
}

function firstUnencodable(values: readonly unknown[], encoding: BodyEncoding): [place: number, why?: string] {
  for (const [place, value] of values.entries()) {
    try {
      encodeParts(value, encoding)
    } catch (error) {
      return [place, `as a part cannot be encoded: ${errorData(error).message}`]
    }
  }
  return [values.length]
}
