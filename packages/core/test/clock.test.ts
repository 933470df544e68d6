import { SimulatedClock, systemClock } from '@troupe/core'
import { expect, it } from 'vitest'

it('stands still until it is told to advance', () => {
  const clock = new SimulatedClock()
  let rang = false
  clock.setTimeout(() => {
    rang = true
  }, 10)
  clock.advance(9)
  expect([rang, clock.now(), clock.pending]).toEqual([false, 9, 1])
  clock.advance(1)
  expect([rang, clock.now(), clock.pending]).toEqual([true, 10, 0])
})

it('runs what falls due in order of time, then of setting, each at its own time', () => {
  const clock = new SimulatedClock()
  const ran: string[] = []
  const set = (name: string, delayMs: number) => clock.setTimeout(() => ran.push(`${name}@${clock.now()}`), delayMs)
  set('late', 30)
  set('first', 10)
  set('second', 10)
  clock.advance(100)
  expect(ran).toEqual(['first@10', 'second@10', 'late@30'])
  expect(clock.now()).toBe(100)
})

it('runs what a timer sets, if that falls due on the way too', () => {
  const clock = new SimulatedClock()
  const ran: number[] = []
  const again = () => {
    ran.push(clock.now())
    clock.setTimeout(again, 10)
  }
  clock.setTimeout(again, 10)
  clock.advance(35)
  expect(ran).toEqual([10, 20, 30])
  expect(clock.pending).toBe(1)
})

it('never runs what was cleared, nor anything in the past', () => {
  const clock = new SimulatedClock()
  const ran: string[] = []
  clock.clearTimeout(clock.setTimeout(() => ran.push('cleared'), 5))
  clock.advance(5)
  clock.setTimeout(() => ran.push(`negative@${clock.now()}`), -3)
  clock.advance(0)
  expect(ran).toEqual(['negative@5'])
})

it('tells the monotonic time of the process, and sets its timers', async () => {
  const begunMs = systemClock.now()
  await new Promise<void>((resolve) => {
    systemClock.clearTimeout(systemClock.setTimeout(() => expect.unreachable(), 0))
    systemClock.setTimeout(resolve, 5)
  })
  // A timer may ring up to 1 ms early by another clock.
  expect(systemClock.now() - begunMs).toBeGreaterThanOrEqual(4)
})
