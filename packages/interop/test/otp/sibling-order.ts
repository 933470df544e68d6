/**
 * Whether two sides differ only in the order of events between children of a `one_for_one` supervisor. They have nothing
 * to do with each other, and ours do not wait for each other when they are restarted; OTP does one thing at a time.
 */
import type { Plan, Scenario } from './scenario.js'

export function isSiblingOrder({ root, steps }: Scenario, otp: readonly string[], ours: readonly string[]): boolean {
  if (otp.length !== ours.length) return false
  const family = new Family()
  family.add(root, [])
  for (const step of steps) if (step.type === 'start') family.add(step.child, family.chain(step.supervisor))
  // Two orders are the same when they are for each two that are not independent of each other, and each with itself.
  const ids = family.ids
  return (
    sameBut(otp, ours) &&
    ids.every((one) =>
      ids.every(
        (other) => family.areIndependent(one, other) || sameOrder(otp, ours, (id) => id === one || id === other),
      ),
    )
  )
}

class Family {
  /** From the root to itself. */
  readonly #chains = new Map<string, readonly Plan[]>()

  get ids(): string[] {
    return [...this.#chains.keys()]
  }

  chain(id: string): readonly Plan[] {
    return this.#chains.get(id) ?? []
  }

  add(plan: Plan, ancestors: readonly Plan[]): void {
    const chain = [...ancestors, plan]
    this.#chains.set(plan.id, chain)
    if (plan.type === 'supervisor') for (const child of plan.children) this.add(child, chain)
  }

  areIndependent(one: string, other: string): boolean {
    const [mine, theirs] = [this.chain(one), this.chain(other)]
    const parted = mine.findIndex((plan, index) => plan.id !== theirs[index]?.id)
    // One is above the other, or they are the same.
    if (parted < 0 || parted >= theirs.length) return false
    const common = mine[parted - 1]
    return common?.type === 'supervisor' && common.strategy === 'one_for_one'
  }
}

const EVENT = /^event [+-] (\w+) /

/** Results and trees at the same places, with the same events before them. */
function sameBut(otp: readonly string[], ours: readonly string[]): boolean {
  return otp.every((line, index) => EVENT.test(line) || line === ours[index])
}

/** The events of those, in all steps, with what closes each step. */
function sameOrder(otp: readonly string[], ours: readonly string[], isOne: (id: string) => boolean): boolean {
  const of = (lines: readonly string[]) =>
    lines.filter((line) => {
      const id = EVENT.exec(line)?.[1]
      return id === undefined || isOne(id)
    })
  return of(otp).join('\n') === of(ours).join('\n')
}
