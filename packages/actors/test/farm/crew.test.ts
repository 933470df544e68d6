import { resolveLog, SimulatedClock } from '@troupe/core'
import { afterEach, describe, expect, it } from 'vitest'
import { Crew, type Mate } from '../../dist/farm/crew.js'
import { encodeBody, encodeHeader, type FrameKind } from '../../dist/farm/wire.js'

const RUN = 'a run'
const told: unknown[][] = []
const tell = (what: string) => (mate: Mate, more?: unknown) => void told.push([what, mate.id, more])
const terms = {
  run: RUN,
  heartbeatMs: 1_000,
  beatMs: 1_000,
  livenessMs: 3_000,
  concurrency: 1,
  graceMs: 1_000,
  maxMessageBytes: 1e9,
}
const crew = new Crew(
  { ...terms, clock: new SimulatedClock(), log: resolveLog() },
  {
    ...{ stranger: () => undefined, heard: () => undefined, results: tell('results'), update: tell('update') },
    unreadable: tell('unreadable'),
  },
)

const nothing = () => undefined
const KEEPER = { joined: nothing, answered: nothing, leaving: nothing, silent: nothing, kill: nothing }

afterEach(async () => {
  await crew.dismissAll()
  told.length = 0
})

/** A worker that has joined, and what says its frames. */
function joined() {
  const mate = crew.expect('worker-1', 'port', KEEPER)
  const say = (kind: FrameKind, sequence: number, body: unknown) => {
    const header = { kind, run: RUN, incarnation: mate.incarnation, sequence, acknowledged: 0 }
    crew.came([encodeHeader(header), encodeBody(body, 'msgpack')])
  }
  say('HELLO', 0, { pid: 1, tasks: [], encodings: ['msgpack'] })
  told.length = 0
  return { mate, say }
}

describe('a numbered frame of a worker', () => {
  it.each([
    ['RESULTS', { outputs: [], failures: [], busyMs: Number.NaN }],
    ['UPDATE', { parts: [], progress: [[1, Number.NaN]] }],
  ] as const)('that is a %s which cannot be read is told, once', (kind, body) => {
    const { say } = joined()
    say(kind, 1, body)
    say(kind, 1, body)
    expect(told).toEqual([['unreadable', 'worker-1', kind]])
  })

  it('that comes too early is not read', () => {
    const { say } = joined()
    say('RESULTS', 2, 'no body')
    expect(told).toEqual([])
  })
})
