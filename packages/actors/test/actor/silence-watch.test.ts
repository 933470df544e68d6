import { SimulatedClock } from '@troupe/core'
import { describe, expect, it } from 'vitest'
import { SilenceWatch } from '../../dist/actor/silence-watch.js'

function watchOf(hangMs: number) {
  const clock = new SimulatedClock()
  let [pings, silences] = [0, 0]
  const terms = { hangMs, clock, ping: () => void pings++, silent: () => void silences++ }
  return { clock, watch: new SilenceWatch(terms), pings: () => pings, silences: () => silences }
}

describe('a watch for silence', () => {
  it('finds, once, that nothing was heard for hangMs', () => {
    const { clock, watch, silences, pings } = watchOf(1_000)
    watch.start()
    clock.advance(1_000)
    expect(silences()).toBe(0)
    clock.advance(250)
    expect([silences(), pings(), clock.pending]).toEqual([1, 5, 0])
    clock.advance(10_000)
    expect(silences()).toBe(1)
  })

  it('finds nothing while anything is heard', () => {
    const { clock, watch, silences } = watchOf(1_000)
    watch.start()
    for (let n = 0; n < 20; n++) {
      clock.advance(990)
      watch.heard()
    }
    expect(silences()).toBe(0)
  })

  it('does not take its own stall for a silence', () => {
    const { watch } = watchOf(1_000)
    watch.stop()
    let now = 0
    let timer: (() => void) | undefined
    let silences = 0
    const clock = {
      now: () => now,
      setTimeout: (callback: () => void) => {
        timer = callback
      },
      clearTimeout: () => undefined,
    }
    const stalled = new SilenceWatch({ hangMs: 1_000, clock, ping: () => undefined, silent: () => silences++ })
    stalled.start()
    // The timer of 250 ms comes a minute late.
    now = 60_000
    timer!()
    expect(silences).toBe(0)
    for (now = 60_250; now < 61_100; now += 250) timer!()
    expect(silences).toBe(1)
  })

  it('of 0 ms looks at nothing, and neither does one that was stopped', () => {
    const [off, stopped] = [watchOf(0), watchOf(100)]
    off.watch.start()
    stopped.watch.start()
    stopped.watch.stop()
    stopped.watch.start()
    off.clock.advance(10_000)
    stopped.clock.advance(10_000)
    expect([off.silences(), off.pings(), off.clock.pending]).toEqual([0, 0, 0])
    expect([stopped.silences(), stopped.clock.pending]).toEqual([0, 0])
  })
})
