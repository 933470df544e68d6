/**
 * Counts the peers that are connected to what a socket binds, to refuse those that are too many.
 */
import { listen } from './event-feed.js'
import type { RawSocket } from './raw.js'

/** How long is waited for an event that libzmq has sent already. */
const MAX_TURNS = 100

export class Connections {
  readonly #limit: number
  #open = 0
  #accepted = 0
  #asked = 0

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
        if (type === 'accepted') {
          this.#accepted++
          add(address, 1)
        }
        // Those of what it connects to have another address.
        else if (type === 'disconnected' && (open.get(address) ?? 0) > 0) add(address, -1)
        // Unbound: its connections end without a word.
        else if (type === 'closed') add(address, -(open.get(address) ?? 0))
      },
      ended: () => {
        for (const count of open.values()) this.#open -= count
        open.clear()
      },
    })
  }

  /**
   * Why somebody who asks may not connect now. Events come by another way than who asks, and may come later though they were sent before: it
   * waits for those that were, so that of many who ask at once no more are let in.
   */
  async refusal(): Promise<string | undefined> {
    const asked = ++this.#asked
    await turn()
    for (let turns = 0; turns < MAX_TURNS && this.#accepted < asked; turns++) await turn()
    return this.#open <= this.#limit ? undefined : `${this.#limit} peers are connected, which is the limit`
  }
}

/** Until all that is there to be read was read once. */
async function turn(): Promise<void> {
  await new Promise(setImmediate)
  await new Promise(setImmediate)
}
