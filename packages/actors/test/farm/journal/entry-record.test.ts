import { Packr } from 'msgpackr'
import { expect, it } from 'vitest'
import { entryKey, HEADER, headerRecord, readHeader, sealed } from '../../../dist/farm/journal/entry-record.js'

const KEY = entryKey(1, 3, HEADER)
const packr = new Packr({ useRecords: false })

it('a header is what was written', () => {
  const entry = { kind: 'taken', indexes: [[0, 2]], place: 3, note: 'so \u2028' } as const
  const header = { entry, bodySum: null, previous: 2 }
  expect(readHeader(KEY, headerRecord(KEY, header))).toEqual(header)
})

it.each([
  ['of no kind', [9, 1, null, 1]],
  ['that is no list', { a: 1 }],
  ['that is text', 'body'],
  ['without a place', [2, null, null, 4]],
  ['with a sum that is text', [2, 1, 'sum', 4]],
  ['with an index that is none', [2, 1, null, 'x']],
  ['with a hash that is none', [0, 1, null, 0, 5, 7]],
  ['with half a step', [1, 1, null, [0, 1, 2]]],
  ['with steps that are none', [1, 1, null, [{}, 1]]],
  ['with a note that is no text', [3, 1, null, [0, 1], '{"a":1}']],
  ['with a note that is no JSON', [3, 1, null, [0, 1], '{']],
])('a header %s is damaged, though its sum is right', (_what, value) => {
  expect(readHeader(KEY, sealed(KEY, packr.pack(value)))).toBeUndefined()
})

it.each(['', 'c1', '93', 'ddffffffff', '91'.repeat(1_000), 'd4724091a16101'])('bytes %s are no header', (hex) => {
  expect(readHeader(KEY, sealed(KEY, Buffer.from(hex, 'hex')))).toBeUndefined()
})
