/**
 * Plays scenarios on both sides, and says where they differ.
 */
import { canonical } from './canonical.js'
import { describeScenario } from './describe-scenario.js'
import type { Scenario } from './scenario.js'
import { isSiblingOrder } from './sibling-order.js'
import { simplerScenarios } from './simpler-scenarios.js'
import { playOurs } from './staged-tree.js'

/** The other side. */
export interface Peer {
  play(scenario: Scenario): Promise<string[]>
}

export interface Difference {
  readonly scenario: Scenario
  readonly otp: readonly string[]
  readonly ours: readonly string[]
  /** What differs is the order of children of a one_for_one supervisor among each other, and nothing else. */
  readonly isSiblingOrder: boolean
}

/** How it differs; undefined when it does not. */
export async function differenceOf(scenario: Scenario, peer: Peer): Promise<Difference | undefined> {
  const [otp = [], ours = []] = (await Promise.all([peer.play(scenario), playOurs(scenario)])).map(canonical)
  if (otp.join('\n') === ours.join('\n')) return undefined
  return { scenario, otp, ours, isSiblingOrder: isSiblingOrder(scenario, otp, ours) }
}

/** The same difference, or another of its kind, in a scenario of which nothing can be left out. */
export async function shrink(found: Difference, peer: Peer): Promise<Difference> {
  for (const simpler of simplerScenarios(found.scenario)) {
    const smaller = await differenceOf(simpler, peer)
    if (smaller !== undefined && smaller.isSiblingOrder === found.isSiblingOrder) return shrink(smaller, peer)
  }
  return found
}

/** The scenario and what both sides said of it, with a mark at the first line that is not the same. */
export function describeDifference({ scenario, otp, ours }: Difference): string {
  const first = otp.findIndex((line, index) => line !== ours[index])
  const differs = first < 0 ? otp.length : first
  const told = (name: string, lines: readonly string[]) => [
    `-- ${name}`,
    ...[...lines, '(end)'].map((line, index) => `${index === differs ? '>' : ' '} ${line}`),
  ]
  return [describeScenario(scenario), ...told('OTP', otp), ...told('ours', ours)].join('\n')
}
