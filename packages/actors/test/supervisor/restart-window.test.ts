import { type RestartWindow, recordRestart } from '@troupe/actors/supervisor'
import { seeded } from '@troupe/testing/seeded'
import { expect, it } from 'vitest'

const rules = { intensity: 2, periodMs: 1_000 }

/** Records restarts at these times; says of each whether it was too many. */
function recorded(times: readonly number[], { intensity, periodMs } = rules): boolean[] {
  let window: RestartWindow = []
  return times.map((atMs) => {
    const next = recordRestart(window, atMs, { intensity, periodMs })
    window = next.window
    return next.exceeded
  })
}

it('allows as many restarts within the period as the intensity, and not one more', () => {
  expect(recorded([0, 1, 2])).toEqual([false, false, true])
})

it('still counts a restart that is exactly as old as the period', () => {
  expect(recorded([0, 500, 1_000])).toEqual([false, false, true])
})

it('forgets restarts older than the period', () => {
  expect(recorded([0, 500, 1_001])).toEqual([false, false, false])
  expect(recordRestart([0, 500], 1_001, rules).window).toEqual([500, 1_001])
})

it('allows no restart at all with an intensity of 0', () => {
  expect(recorded([0], { intensity: 0, periodMs: 1 })).toEqual([true])
})

it('leaves the window that it was given as it was', () => {
  const window: RestartWindow = Object.freeze([1, 2])
  expect(recordRestart(window, 3, rules).window).toEqual([1, 2, 3])
  expect(window).toEqual([1, 2])
})

it.each([1, 2, 3, 4, 5])('says the same as counting all restarts that ever were (seed %i)', (seed) => {
  const random = seeded(seed)
  const times: number[] = []
  for (let nowMs = 0; times.length < 500; nowMs += random.whole(0, 800)) times.push(nowMs)
  const counted = times.map(
    (nowMs, index) => times.slice(0, index + 1).filter((atMs) => nowMs - atMs <= rules.periodMs).length > 2,
  )
  expect(recorded(times)).toEqual(counted)
  expect(new Set(counted).size).toBe(2)
})
