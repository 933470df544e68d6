import { describe, expect, it } from 'vitest'
import { Entry, type TaskOwner } from '../../dist/farm/ledger.js'
import { SentTasks, tasksBody } from '../../dist/farm/tasks-frame.js'
import { BODY_ENCODINGS, type BodyEncoding, encodeParts } from '../../dist/farm/wire.js'
import { lineOf } from './staged-dispatcher.js'

const line = { ...lineOf('task'), keyOf: (input: unknown) => JSON.stringify(input) }
const other = { ...line, name: 'other' }
const drops: TaskOwner = { unheld: 0, settled: () => undefined }
const keeps: TaskOwner = { ...drops, keepsInputs: true }

const entriesOf = (inputs: readonly unknown[], owner = drops, of = line) =>
  inputs.map((input, number) => new Entry(of, input, number, 0, 0, owner))

function send(entries: readonly Entry[], encoding: BodyEncoding): void {
  const frame = new SentTasks(encodeParts(tasksBody(1, entries, encoding), encoding), encoding)
  for (const [place, entry] of entries.entries()) entry.sentIn(frame, place)
}

describe.each(BODY_ENCODINGS)('what was sent as %s', (encoding) => {
  it.each([
    ['numbers', [1, 2, 3]],
    ['objects of one shape', [1, 2, 3].map((x) => ({ x, text: `<${x}>`, inner: { list: [x] } }))],
    ['one object', [{ x: 1 }]],
    ['objects of many shapes', [{ x: 1 }, { y: 2 }, [3], null, 'four']],
  ])('is read back from its frame: %s', (_what, inputs) => {
    const entries = entriesOf(inputs)
    send(entries, encoding)
    expect(entries.map(({ input }) => input)).toEqual(inputs)
    // And is what errors say of it.
    expect(entries.map((entry) => entry.facts().key)).toEqual(inputs.map((input) => JSON.stringify(input)))
  })

  it('is read back from its place, behind tasks of another name', () => {
    const entries = [...entriesOf([1, 2]), ...entriesOf([{ x: 3 }, { x: 4 }], drops, other), ...entriesOf([5])]
    send(entries, encoding)
    expect(entries.map(({ input }) => input)).toEqual([1, 2, { x: 3 }, { x: 4 }, 5])
  })

  it('goes into another frame as it went into the first', () => {
    const inputs = [{ x: 1 }, { x: 2 }, { x: 3 }]
    const entries = entriesOf(inputs)
    send(entries, encoding)
    send(entries.slice(1), encoding)
    expect(entries.map(({ input }) => input)).toEqual(inputs)
  })

  it('stays as it was given for an owner that wants it so', () => {
    const inputs = [{ x: 1 }, { x: 2 }]
    const entries = entriesOf(inputs, keeps)
    send(entries, encoding)
    for (const [place, { input }] of entries.entries()) expect(input).toBe(inputs[place])
  })
})
