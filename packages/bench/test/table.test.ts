import { expect, test } from 'vitest'
import { figure, percent, renderTable, times } from '../dist/table.js'

test('a table has its text to the left and its figures to the right', () => {
  const rows = [
    ['ours', '1,000'],
    ['a peer', '20'],
  ]
  expect(renderTable({ head: ['name', 'tasks/s'], rows })).toBe(
    ['| name   | tasks/s |', '| ------ | ------: |', '| ours   |   1,000 |', '| a peer |      20 |'].join('\n'),
  )
})

test('a table of prose has all of it to the left', () => {
  expect(renderTable({ head: ['what', 'how'], rows: [['x', 'y']], prose: true })).toBe(
    ['| what | how |', '| ---- | --- |', '| x    | y   |'].join('\n'),
  )
})

test('a bar in a cell does not begin another cell', () => {
  expect(renderTable({ head: ['a|b'], rows: [] })).toContain('| a\\|b |')
})

test('a cell that is missing is empty', () => {
  expect(renderTable({ head: ['a', 'b'], rows: [['x']] }).split('\n')[2]).toBe('| x   |     |')
})

test('figures have three that count', () => {
  expect([figure(27_345), figure(0.12345), figure(999.6), figure(1_234_567)]).toEqual([
    '27,300',
    '0.12',
    '1,000',
    '1,230,000',
  ])
})

test('ratios and shares carry their unit', () => {
  expect([times(10.04), percent(0.9312)]).toEqual(['10 x', '93.1 %'])
})
