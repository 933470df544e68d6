/**
 * Lists of inputs and of outputs as a journal keeps them.
 */
import { createHash } from 'node:crypto'
import { Unpackr } from 'msgpackr'
import { StrictPackr } from '../../actor/strict-packr.js'
import { fromRows, toRows } from '../rows.js'

const packr = new StrictPackr({ useRecords: false })
const unpackr = new Unpackr({ useRecords: false })

/** A list as bytes. The same values give the same bytes. What cannot be encoded stands as what the encoder said of it. */
export function encodeList(values: readonly unknown[]): Uint8Array {
  try {
    return packr.pack(toRows(values))
  } catch {
    return packr.pack(toRows(values.map(encodable)))
  }
}

/** @throws {Error} for what is not a list */
export function decodeList(body: Uint8Array): unknown[] {
  const values = fromRows(unpackr.unpack(body))
  if (values === undefined) throw new Error('it is not a list')
  return values
}

/** Of an encoded list: enough to tell that another is not the same. */
export const hashOf = (body: Uint8Array): string => createHash('sha256').update(body).digest('base64url').slice(0, 22)

function encodable(value: unknown): unknown {
  try {
    packr.pack(value)
    return value
  } catch (error) {
    return String(error)
  }
}
