import { isRestarted, type RestartType } from '@troupe/actors/supervisor'
import { expect, it } from 'vitest'
import { affectedBy } from '../../dist/supervisor/strategy.js'
import { EXITS } from './staged-supervisor.js'

it.each<[RestartType, string[]]>([
  ['permanent', ['normal', 'shutdown', 'killed', 'failed']],
  ['transient', ['killed', 'failed']],
  ['temporary', []],
])('a %s child is restarted after these ends and no other: %j', (type, reasons) => {
  expect(EXITS.filter((exit) => isRestarted(type, exit)).map(({ reason }) => reason)).toEqual(reasons)
})

it('one_for_one is about the child that ended, and no other', () => {
  expect(affectedBy('one_for_one', 'b', ['a', 'b', 'c'])).toEqual(['b'])
})
