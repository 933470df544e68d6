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
    ...{ stranger: () => undefined, heard: () => undefined, results: tell('results') },
    update: (mate, update) => {
      tell('update')(mate)
      if (update.progress.length === 2) throw new Error('an error of ours')
    },
    faulty: tell('faulty'),
  },
)

const nothing = () => undefined
const KEEPER = { joined: nothing, proven: nothing, answered: nothing, leaving: nothing, silent: nothing, kill: nothing }

afterEach(async () => {
  await crew.dismissAll()
  told.length = 0
})

/** A worker that has joined, and what says its frames. */
function joined() {
  const mate = crew.expect('worker-1', 'port', KEEPER)
  const say = (kind: FrameKind, sequence: number, body: unknown) => {
    const { incarnation, token } = mate
    const header = { kind, run: RUN, incarnation, sequence, acknowledged: 0, token: token.toString() }
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
    expect(told).toEqual([['faulty', 'worker-1', `its ${kind} cannot be read`]])
  })

  it('that comes too early is not read', () => {
    const { say } = joined()
    say('RESULTS', 2, 'no body')
    expect(told).toEqual([])
  })
})

it('a message that makes an error costs the worker that sent it, and nobody else', () => {
  const { say } = joined()
  say('UPDATE', 1, {
    parts: [],
    progress: [
      [1, 0.5],
      [2, 0.5],
    ],
  })
  expect(told).toEqual([
    ['update', 'worker-1', undefined],
    ['faulty', 'worker-1', 'its UPDATE made an error here'],
  ])
})

it('a worker that acknowledges nothing is told before what waits for it fills the memory', () => {
  const { mate } = joined()
  for (let n = 0; n < 4_096; n++) crew.send(mate, 'CANCEL', { tickets: [1] })
  expect(told).toEqual([])
  crew.send(mate, 'CANCEL', { tickets: [1] })
  expect(told).toEqual([['faulty', 'worker-1', 'it acknowledges nothing']])
})

it('a frame without the token of its worker is not taken', () => {
  const { mate } = joined()
  const header = { kind: 'RESULTS', run: RUN, incarnation: mate.incarnation, sequence: 1, acknowledged: 0 } as const
  const body = encodeBody({ outputs: [], failures: [], busyMs: 0 }, 'msgpack')
  const { dropped } = crew
  for (const token of [undefined, '', 'wrong', 'x'.repeat(22)]) crew.came([encodeHeader({ ...header, token }), body])
  expect([told, crew.dropped - dropped]).toEqual([[], 4])
  crew.came([encodeHeader({ ...header, token: mate.token.toString() }), body])
  expect(told).toHaveLength(1)
})
