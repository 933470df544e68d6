import { expect, it } from 'vitest'
import { CallTable } from '../../dist/rpc/call-table.js'

it('has the calls that a Map would have, of which some last long and most do not', () => {
  const table = new CallTable<string>()
  const map = new Map<number, string>()
  for (let id = 1; id <= 20_000; id++) {
    table.set(id, `call ${id}`)
    map.set(id, `call ${id}`)
    const old = id - (id % 700)
    const given = [table.delete(old), table.delete(id - 500 < 1 || (id - 500) % 97 === 0 ? 0 : id - 500)]
    expect(given).toEqual([map.delete(old), map.delete(id - 500 < 1 || (id - 500) % 97 === 0 ? 0 : id - 500)])
  }
  expect([...table].sort()).toEqual([...map.values()].sort())
  expect(table.size).toBe(map.size)
  for (let id = 0; id <= 20_001; id++) expect(table.get(id)).toBe(map.get(id))
  expect(table.clear().sort()).toEqual([...map.values()].sort())
  expect([table.size, [...table], table.get(20_000)]).toEqual([0, [], undefined])
})
