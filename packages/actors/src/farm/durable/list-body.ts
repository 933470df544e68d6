/**
 * Lists of inputs and of outputs as a journal keeps them.
 */
import { createHash } from 'node:crypto'
import { Unpackr } from 'msgpackr'
import { StrictPackr } from '../../actor/strict-packr.js'
import { fromRows, limitRows, toRows } from '../rows.js'

// Objects are maps here, so that the same values give the same bytes, whatever was encoded before them.
const inputs = { pack: new StrictPackr({ useRecords: false }), unpack: new Unpackr({ useRecords: false }) }
// Objects are records, so that a Map is no object. Bytes are copied: a small one would keep its whole entry alive.
const outcomes = {
  pack: new StrictPackr({ useRecords: true }),
  unpack: new Unpackr({ useRecords: true, copyBuffers: true }),
}

/** Inputs as bytes. The same give the same bytes. What cannot be encoded stands as what the encoder said of it. */
export function encodeInputs(values: readonly unknown[]): Uint8Array {
  try {
    return inputs.pack.pack(toRows(values))
  } catch {
    return inputs.pack.pack(toRows(values.map(encodable)))
  }
}

/** Inputs to be compared: a Map comes out as an object. @throws {Error} for what is not a list */
export const decodeInputs = (body: Uint8Array): unknown[] => listOf(inputs.unpack.unpack(body))

/** Outputs or errors as bytes. */
export const encodeOutcomes = (values: readonly unknown[]): Uint8Array => outcomes.pack.pack(toRows(values))

/** They again. @throws {Error} for what is not a list */
export const decodeOutcomes = (body: Uint8Array): unknown[] => listOf(outcomes.unpack.unpack(body))

/** Of an encoded list: enough to tell that another is not the same. */
export const hashOf = (body: Uint8Array): string => createHash('sha256').update(body).digest('base64url').slice(0, 22)

function encodable(value: unknown): unknown {
  try {
    inputs.pack.pack(value)
    return value
  } catch (error) {
    return String(error)
  }
}

function listOf(list: unknown): unknown[] {
  limitRows()
  const values = fromRows(list)
  if (values === undefined) throw new Error('it is not a list')
  return values
}
