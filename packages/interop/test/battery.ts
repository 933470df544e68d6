/**
 * What every battery against another language has in common: its transports, its messages, and what it does where the
 * other language is not installed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { required } from '@troupe/testing/python-with'
import { afterAll, describe } from 'vitest'
import { missing } from './pyzmq.js'

export const TEXT = 'grüße \u{1F3AD}'
export const BYTES = Buffer.from([0, 255, 1, 254])
export const JSON_VALUE = { item: 'tea', count: 2, nested: [null, true] }

const WIRES = process.platform === 'win32' ? ['tcp'] : ['tcp', 'ipc']

/** Declares facts once for each transport that both languages have. Where pyzmq is required and missing they fail. */
export function describeWires(what: string, facts: (endpoint: () => string) => void): void {
  for (const wire of WIRES) {
    const skipped = missing !== undefined && !required
    describe.skipIf(skipped)(`${what} over ${wire}, with pyzmq${skipped ? ` (${missing})` : ''}`, () => {
      if (missing !== undefined && required) throw new Error(missing)
      if (skipped) return facts(() => '')
      const folder = mkdtempSync(join(tmpdir(), 'interop-'))
      let last = 0
      afterAll(() => rmSync(folder, { recursive: true }))
      facts(() => (wire === 'tcp' ? 'tcp://127.0.0.1:*' : `ipc://${join(folder, String(++last))}`))
    })
  }
}
