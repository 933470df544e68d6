/**
 * Which server gets a call.
 */

export interface Candidate {
  readonly endpoint: string
  /** Calls that it has of this client. */
  readonly pending: number
}

export type Balance = 'least_pending' | 'round_robin'

export class Balancer {
  readonly #balance: Balance
  readonly #random: () => number
  #turn = 0

  constructor(balance: Balance, random: () => number) {
    this.#balance = balance
    this.#random = random
  }

  /** One of the candidates: by the key if there is one. Undefined if there are none. */
  pick<C extends Candidate>(candidates: readonly C[], key?: string): C | undefined {
    const { length } = candidates
    if (length <= 1) return candidates[0]
    if (key !== undefined) return byKey(candidates, key)
    if (this.#balance === 'round_robin') return candidates[this.#turn++ % length]
    // The less busy of two random ones: as good as the least busy of all, without the herd that runs after it.
    const first = Math.floor(this.#random() * length)
    const second = (first + 1 + Math.floor(this.#random() * (length - 1))) % length
    const [a, b] = [candidates[first]!, candidates[second]!]
    return b.pending < a.pending ? b : a
  }
}

/** Rendezvous hashing: when a server goes, its keys alone move. */
function byKey<C extends Candidate>(candidates: readonly C[], key: string): C {
  let best = candidates[0]!
  let bestScore = -1
  for (const candidate of candidates) {
    const score = hashOf(`${candidate.endpoint}\0${key}`)
    if (score > bestScore) {
      best = candidate
      bestScore = score
    }
  }
  return best
}

/** FNV-1a with a last mix, so that texts that differ at their end are far apart. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
