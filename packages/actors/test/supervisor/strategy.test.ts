import { type Exit, isRestarted, RestartIntensityError, type RestartType } from '@troupe/actors/supervisor'
import { expect, it } from 'vitest'
import { affectedBy } from '../../dist/supervisor/strategy.js'
import { EXITS, failed } from './staged-supervisor.js'

it.each<[RestartType, string[]]>([
  ['permanent', ['normal', 'shutdown', 'killed', 'failed']],
  ['transient', ['killed', 'failed']],
  ['temporary', []],
])('a %s child is restarted after these ends and no other: %j', (type, reasons) => {
  expect(EXITS.filter((exit) => isRestarted(type, exit)).map(({ reason }) => reason)).toEqual(reasons)
})

it.each<[RestartType, boolean]>([
  ['permanent', true],
  ['transient', false],
  ['temporary', false],
])('a %s supervisor that gave up is restarted: %s (its end is a shutdown)', (type, is) => {
  const exit: Exit = { reason: 'failed', error: new RestartIntensityError('inner', 'a', 2, 5_000, failed) }
  expect(isRestarted(type, exit)).toBe(is)
})

it.each([
  ['one_for_one', ['b']],
  ['one_for_all', ['a', 'b', 'c']],
  ['rest_for_one', ['b', 'c']],
] as const)('%s is about these children: %j', (strategy, affected) => {
  expect(affectedBy(strategy, 'b', ['a', 'b', 'c'])).toEqual(affected)
})
