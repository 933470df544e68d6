import { describe, expect, it } from 'vitest'
import { canonical } from './canonical.js'
import { type Difference, describeDifference, differenceOf, type Peer, shrink } from './differential.js'
import { missing, OtpPeer, required } from './otp-peer.js'
import { randomScenario } from './random-scenario.js'
import type { Scenario, SupervisorPlan } from './scenario.js'
import { isSiblingOrder } from './sibling-order.js'

const SEEDS = 150
const TIMEOUT_MS = 120_000
const skipped = missing !== undefined && !required

describe.skipIf(skipped)(`our supervisor beside that of Erlang/OTP${skipped ? ` (${missing})` : ''}`, () => {
  if (missing !== undefined && required) throw new Error(missing)

  it(`starts, restarts and ends the same children in ${SEEDS} random trees`, { timeout: TIMEOUT_MS }, async () => {
    await using peer = new OtpPeer()
    const seen = new Set<string>()
    const noted: Peer = {
      play: async (scenario) => {
        const lines = await peer.play(scenario)
        for (const line of lines) seen.add(line)
        return lines
      },
    }
    const found = await firstDifference(noted)
    expect(found === undefined ? '' : describeDifference(await shrink(found, peer))).toBe('')
    expect([...seen]).toEqual(expect.arrayContaining(OUTCOMES))
    expect([...seen].filter((line) => line.startsWith('broken') || line.includes('no supervisor'))).toEqual([])
  })

  it('is caught when it plays by another rule, and the scenario is cut down', { timeout: TIMEOUT_MS }, async () => {
    await using peer = new OtpPeer()
    const one: Peer = {
      play: ({ root, ...rest }) => peer.play({ ...rest, root: { ...root, strategy: 'one_for_all' } }),
    }
    const found = await firstDifference(one)
    const { scenario, otp, ours } = await shrink(found!, one)
    expect(scenario.root.strategy).not.toBe('one_for_all')
    expect(scenario.root.children.length + scenario.steps.length).toBeLessThanOrEqual(3)
    expect(otp).not.toEqual(ours)
  })
})

describe('the random trees', () => {
  it('hold every rule and every kind of exit', () => {
    const rules = new Set<string>()
    for (const scenario of scenarios()) {
      for (const [rule] of JSON.stringify(scenario).matchAll(/"\w+":("[a-z_]+"|\d+|true)/g)) rules.add(rule)
    }
    expect([...rules]).toEqual(expect.arrayContaining(RULES))
  })

  it('are the same for the same seed', () => {
    expect(randomScenario(7)).toEqual(randomScenario(7))
    expect(randomScenario(7)).not.toEqual(randomScenario(8))
  })
})

describe('what is compared', () => {
  it('leaves out how the descendants of a supervisor that was killed ended, and keeps those of the next one', () => {
    const seen = canonical([
      'event - w2 1 failed s1#1,s0#1',
      'event - s1 1 killed s0#1',
      'event + s1 2 ok',
      'event - w2 2 failed s1#2,s0#1',
      'event - w3 1 normal s0#1',
      'result ok',
    ])
    expect(seen).toEqual([
      'event + s1 2 ok',
      'event - w2 2 failed',
      'event - w3 1 normal',
      'event - s1 1 killed',
      'result ok',
    ])
  })
})

describe('the order of children', () => {
  const rules = { restart: 'permanent', significant: false, shutdown: 'infinity' } as const
  const workers = ['w1', 'w2'].map((id) => ({ ...rules, type: 'worker', id, starts: [], stop: 'normal' }) as const)
  const played = (strategy: SupervisorPlan['strategy']): Scenario => ({
    seed: 0,
    root: { ...rules, type: 'supervisor', id: 's0', strategy, intensity: 1, autoShutdown: 'never', children: workers },
    steps: [],
    end: 'stop',
  })
  const otp = ['event + w1 2 ok', 'event - w1 2 failed', 'event + w2 2 ok', 'result ok']

  it('is told from other differences where they are independent', () => {
    const ours = ['event + w1 2 ok', 'event + w2 2 ok', 'event - w1 2 failed', 'result ok']
    expect(isSiblingOrder(played('one_for_one'), otp, ours)).toBe(true)
    expect(isSiblingOrder(played('rest_for_one'), otp, ours)).toBe(false)
  })

  it.each([
    [
      'a child is in another order with itself',
      ['event - w1 2 failed', 'event + w1 2 ok', 'event + w2 2 ok', 'result ok'],
    ],
    ['an event is missing', ['event + w1 2 ok', 'event + w2 2 ok', 'result ok']],
    ['an event is another', ['event + w1 2 ok', 'event - w1 2 normal', 'event + w2 2 ok', 'result ok']],
    ['a result is another', ['event + w1 2 ok', 'event - w1 2 failed', 'event + w2 2 ok', 'result failed']],
    ['an event is in another step', ['event + w1 2 ok', 'event - w1 2 failed', 'result ok', 'event + w2 2 ok']],
  ])('is not all that differs when %s', (_, ours) => {
    expect(isSiblingOrder(played('one_for_one'), otp, ours)).toBe(false)
  })
})

const OUTCOMES = [
  ...['ok', 'running', 'not_found', 'exists', 'failed', 'skipped', 'not started'].map((one) => `result ${one}`),
  'ended shutdown',
  'ended killed',
]

const RULES = [
  ...['one_for_one', 'one_for_all', 'rest_for_one'].map((one) => `"strategy":"${one}"`),
  ...['permanent', 'transient', 'temporary'].map((one) => `"restart":"${one}"`),
  ...['never', 'any_significant', 'all_significant'].map((one) => `"autoShutdown":"${one}"`),
  ...['brutal_kill', 'infinity'].map((one) => `"shutdown":"${one}"`),
  ...['normal', 'shutdown', 'shutdown_term', 'failed', 'kill'].map((one) => `"reason":"${one}"`),
  ...['normal', 'shutdown', 'shutdown_term', 'failed', 'deaf'].map((one) => `"stop":"${one}"`),
  ...[0, 1, 2, 3, 4].map((one) => `"intensity":${one}`),
  ...['exit', 'terminate', 'restart', 'delete', 'start'].map((one) => `"type":"${one}"`),
  '"significant":true',
]

function* scenarios(): Generator<Scenario> {
  for (let seed = 1; seed <= SEEDS; seed++) yield randomScenario(seed)
}

async function firstDifference(peer: Peer): Promise<Difference | undefined> {
  for (const scenario of scenarios()) {
    const found = await differenceOf(scenario, peer)
    if (found !== undefined) return found
  }
  return undefined
}
