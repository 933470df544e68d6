import { describe, expect, it } from 'vitest'
import { fromRows, toRows } from '../../dist/farm/rows.js'

describe('a list as rows', () => {
  it('has the keys once and the values object by object, and is the same list again', () => {
    const list = [
      { id: 1, 'a b': undefined },
      { id: 2, 'a b': { deep: [1] } },
    ]
    expect(toRows(list)).toEqual({ keys: ['id', 'a b'], cells: [1, undefined, 2, { deep: [1] }] })
    expect(fromRows(toRows(list))).toStrictEqual(list)
  })

  it.each([
    ['no values', []],
    ['a single one', [{ a: 1 }]],
    ['no objects', [1, 'a', null]],
    ['other keys', [{ a: 1 }, { b: 1 }]],
    [
      'keys in another order',
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
    ],
    ['a key more', [{ a: 1 }, { a: 1, b: 2 }]],
    ['a key less', [{ a: 1, b: 2 }, { a: 1 }]],
    ['objects without keys', [{}, {}]],
    ['arrays', [[1], [2]]],
    ['objects of a class', [new Date(0), new Date(1)]],
    ['what has its own way to be JSON', [{ toJSON: () => 1 }, { toJSON: () => 2 }]],
    ['a key __proto__', [JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2}')]],
  ])('stays as it is with %s', (_what, list) => {
    expect(toRows(list)).toBe(list)
    expect(fromRows(list)).toBe(list)
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'rows'],
    ['no cells', { keys: ['a'] }],
    ['no keys', { keys: [], cells: [] }],
    ['half a row', { keys: ['a', 'b'], cells: [1, 2, 3] }],
    ['a key twice', { keys: ['a', 'a'], cells: [1, 2] }],
    ['a key that is no text', { keys: [1], cells: [1] }],
    ['a key __proto__', { keys: ['__proto__'], cells: [{ polluted: true }] }],
    ['too many keys', { keys: Array.from({ length: 65 }, (_, key) => `k${key}`), cells: [] }],
  ])('is refused when it comes with %s', (_what, list) => {
    expect(fromRows(list)).toBeUndefined()
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it('takes keys for keys and never for code', () => {
    const key = `a":0});globalThis.ran=true;({"b\u2028\\`
    expect(fromRows({ keys: [key], cells: [1, 2] })).toEqual([{ [key]: 1 }, { [key]: 2 }])
    expect(globalThis).not.toHaveProperty('ran')
  })
})
