/**
 * Who was started and who is alive, as the supervised themselves know it.
 */
import type { Exit } from '@troupe/actors/supervisor'

export interface Member {
  readonly id: string
  /** The n-th start of this id. */
  readonly n: number
  /** The supervisor that started it; none for the root. */
  readonly parent: Member | undefined
}

/** OTP's supervisor that gives up ends as `shutdown`; ours says that it failed and why, and means the same to its parent. */
export const otpReason = (exit: Exit): Exit['reason'] =>
  exit.reason === 'failed' && exit.error.code === 'RESTART_INTENSITY' ? 'shutdown' : exit.reason

export class Company {
  readonly lines: string[] = []
  readonly #starts = new Map<string, number>()
  readonly #living = new Set<Member>()

  starts(id: string): number {
    return this.#starts.get(id) ?? 0
  }

  /** Takes note of those that live beside so many that should. */
  noteStrays(expected: number): void {
    const strays = this.#living.size - expected
    if (strays !== 0) this.lines.push(`event ${strays} processes are in no supervisor`)
  }

  /** A start begins; what becomes of it is told by the others. */
  starting(id: string, parent: Member | undefined, outcome: string): Member {
    const n = this.starts(id) + 1
    this.#starts.set(id, n)
    this.lines.push(`event + ${id} ${n} ${outcome}`)
    return { id, n, parent }
  }

  started(member: Member): void {
    this.#living.add(member)
  }

  ended(member: Member, exit: Exit): void {
    this.#living.delete(member)
    const ancestors = ancestorsOf(member).map(({ id, n }) => `${id}#${n}`)
    this.lines.push(`event - ${member.id} ${member.n} ${otpReason(exit)} ${ancestors}`)
  }

  /** Its last incarnation, when that is alive and its supervisor is. */
  alive(id: string): Member | undefined {
    return [...this.#living].find((one) => one.id === id && one.n === this.starts(id) && this.#hasParent(one))
  }

  #hasParent({ parent }: Member): boolean {
    return parent === undefined || this.#living.has(parent)
  }
}

function ancestorsOf({ parent }: Member): Member[] {
  return parent === undefined ? [] : [parent, ...ancestorsOf(parent)]
}
