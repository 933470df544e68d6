/**
 * Counts the peers that are connected to what a socket binds, to refuse those that are too many.
 */
import { listen } from './event-feed.js'
import type { RawSocket } from './raw.js'

export class Connections {
  readonly #limit: number
  #open = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Counts those of a socket. libzmq tells of each that it accepts, and of the end of each, also of one that never shook hands. */
  count(raw: RawSocket): void {
    const open = new Map<string, number>()
    const add = (address: string, count: number) => {
      open.set(address, (open.get(address) ?? 0) + count)
      this.#open += count
    }
    listen(raw, {
      happened: ({ type, address }) => {
        if (type === 'accepted') add(address, 1)
        // Those of what it connects to have another address.
        else if (type === 'disconnected' && (open.get(address) ?? 0) > 0) add(address, -1)
        // Unbound: its connections end without a word.
        else if (type === 'closed') add(address, -(open.get(address) ?? 0))
      },
      ended: () => undefined,
    })
  }

  /** Why nobody else may connect now: who asks is counted already. */
  refusal(): string | undefined {
    return this.#open <= this.#limit ? undefined : `${this.#limit} peers are connected, which is the limit`
  }
}
