import { task } from '@troupe/actors/farm'
import { resolveLog } from '@troupe/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { fromRows, limitRows } from '../../dist/farm/rows.js'
import { TaskRunner } from '../../dist/farm/task-runner.js'
import { BODY_ENCODINGS, decodeBody, decodeHeader, encodeBody, type ResultsBody } from '../../dist/farm/wire.js'

const NILS = new Array(300_000).fill(null)
const failures = (error: object) => [[1, { kind: 'thrown', error }]]

describe.each(BODY_ENCODINGS)('a body in %s', (encoding) => {
  it.each([
    ['CANCEL', { tickets: NILS }],
    ['CREDIT', { allowed: NILS }],
    ['UPDATE', { parts: NILS, progress: [] }],
    ['RESULTS', { outputs: NILS, failures: [], busyMs: 1 }],
    ['RESULTS', { outputs: [], failures: NILS, busyMs: 1 }],
    ['RESULTS', { outputs: [], failures: [], busyMs: 1, runMs: NILS }],
    ['TASKS', { firstTicket: 1, groups: NILS }],
    ['HELLO', { pid: 1, tasks: NILS, encodings: [] }],
  ] as const)('%s is none with a list of what does not fit', (kind, body) => {
    const bytes = encodeBody(body, encoding)
    expect(decodeBody(kind, bytes, encoding)).toBeUndefined()
  })

  it('has the fields of an error as data, whatever their names are', () => {
    const fields = { constructor: 'c', prototype: 'p', at: 1 }
    const body = { outputs: [], failures: failures({ name: 'Error', message: 'm', fields }), busyMs: 1 }
    expect(decodeBody('RESULTS', encodeBody(body, encoding), encoding)?.failures).toEqual(body.failures)
    const wrong = { ...body, failures: failures({ name: 'Error', message: 'm', fields: { at: {} } }) }
    expect(decodeBody('RESULTS', encodeBody(wrong, encoding), encoding)).toBeUndefined()
  })

  it('is none with an extension that is not in the document', () => {
    const body = Buffer.from(encodeBody({ outputs: [[1, ['MARK']]], failures: [], busyMs: 1 }, encoding))
    const at = body.indexOf('MARK') - 1
    const withBytes = (hex: string) =>
      Buffer.concat([body.subarray(0, at), Buffer.from(hex, 'hex'), body.subarray(at + 5)])
    expect(decodeBody('RESULTS', withBytes('d6ff00000001'), encoding)?.outputs).toEqual([[1, [new Date(1_000)]]])
    for (const hex of [
      'c7007892a161a0',
      'd66900000001 91d67000000001'.replace(' ', ''),
      'c7007391 01'.replace(' ', ''),
      'd40700',
    ]) {
      expect(decodeBody('RESULTS', withBytes(hex), encoding)).toBeUndefined()
    }
  })
})

describe('a header', () => {
  it('is none with an extension, a key or a list beside its six elements', () => {
    for (const hex of ['96d6500000000001', '81a161', '91'.repeat(1_000), 'ddffffffff']) {
      expect(decodeHeader([Buffer.from(hex, 'hex'), Buffer.alloc(1)])).toBeUndefined()
    }
  })
})

describe('rows', () => {
  it('have no more objects than a message may, in all lists of a body', () => {
    limitRows()
    const list = { keys: ['a'], cells: new Array(1_500_000).fill(null) }
    expect(fromRows(list)).toHaveLength(1_500_000)
    expect(() => fromRows(list)).toThrow(/more than 2000000/)
    limitRows()
    expect(fromRows(list)).toHaveLength(1_500_000)
  })

  it('of keys that are no words are read without code made of them', () => {
    limitRows()
    const key = 'a b\n"'
    const rows = fromRows({ keys: [key, 'constructor'], cells: new Array(400).fill(7) })
    expect(rows).toEqual(new Array(200).fill({ [key]: 7, constructor: 7 }))
  })
})

describe('a worker', () => {
  it('runs only the tasks that it has, whatever names come', async () => {
    const anything = z.unknown()
    const known = task({ name: 'known', input: anything, output: anything, run: () => 'ran' })
    const said: ResultsBody[] = []
    const runner = new TaskRunner({
      ...{ tasks: new Map([[known.name, { ...known, resource: undefined }]]), concurrency: 9, graceMs: 10 },
      log: resolveLog(),
      send: (results) => void said.push(results),
      update: () => [],
    })
    const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'prototype', 'default', 'run', 'known']
    const groups = names.map((name) => ({ name, timeoutMs: 0, attempts: null, inputs: [1] }))
    runner.accept(decodeBody('TASKS', encodeBody({ firstTicket: 1, groups }, 'msgpack'), 'msgpack')!)
    const failures = () => said.flatMap((results) => results.failures)
    const outputs = () => said.flatMap((results) => results.outputs)
    while (failures().length + outputs().length < names.length) await new Promise((resolve) => setImmediate(resolve))
    await runner.stop(new Error('the end'))
    expect(outputs()).toEqual([[8, ['ran']]])
    expect(failures().map(([ticket, { kind }]) => [ticket, kind])).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((n) => [n, 'input']),
    )
  })
})
