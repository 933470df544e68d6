import { expect, test } from 'vitest'
import { Point, pointOf, pointsTo, Tally } from '../dist/point.js'
import { answer } from '../dist/work.js'

test('every input fits the schema, with a text of its own', () => {
  const points = [...pointsTo(100)]
  expect(new Set(points.map((point) => Point.parse(point).text)).size).toBe(100)
})

test('a tally of every result once is complete', () => {
  const tally = tallyOf([2, 0, 1, 3])
  expect(() => tally.assertComplete(4, 'x')).not.toThrow()
})

test.each([
  ['lost', [0, 1, 2]],
  ['given twice', [0, 1, 2, 3, 3]],
  ['given in place of another', [0, 1, 2, 2]],
])('a tally finds a result that was %s', (_, ids) => {
  expect(() => tallyOf(ids).assertComplete(4, 'x')).toThrow('of 4 tasks')
})

test('a tally finds a result that is only its input', () => {
  const tally = new Tally()
  tally.take(pointOf(0))
  expect(() => tally.assertComplete(1, 'x')).toThrow('of 1 tasks')
})

function tallyOf(ids: readonly number[]): Tally {
  const tally = new Tally()
  for (const id of ids) tally.take(answer(pointOf(id)))
  return tally
}
