/**
 * Counts the peers that are connected to what a socket binds, so that no more are let in than may be: who comes when all places are taken
 * waits for one, as long as his handshake may take.
 */

import type { Place } from '../security/authenticator.js'
import { listen } from './event-feed.js'
import type { RawSocket } from './raw.js'

/** How long is waited for an event that libzmq has sent already. */
const MAX_TURNS = 100

type Give = (place: Place) => void

export class Connections {
  readonly #limit: number
  /** Who is connected, those that shake hands still and those that wait too. */
  #open = 0
  #accepted = 0
  #asked = 0
  /** In the order in which they came. */
  readonly #waiting: Give[] = []
  /** Handshakes that came to nothing, of connections whose end is told next. */
  #failed = 0
  #isBlind = false

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
    // Those of what it connects to have another address.
    const isOurs = (address: string) => (open.get(address) ?? 0) > 0
    listen(raw, {
      happened: (event) => {
        const { type, address } = event
        if (type === 'accepted') {
          this.#accepted++
          add(address, 1)
        } else if (type === 'handshake_failed' && event.reason !== 'auth' && isOurs(address)) this.#failed++
        else if (type === 'disconnected' && isOurs(address)) {
          add(address, -1)
          this.#ended()
        }
        // Unbound: its connections end without a word.
        else if (type === 'closed') {
          add(address, -(open.get(address) ?? 0))
          this.#admit()
        }
      },
      ended: (error) => {
        if (error !== undefined) this.#isBlind = true
        for (const count of open.values()) this.#open -= count
        open.clear()
        while (this.#waiting.length > 0) this.#giveUp()
      },
    })
  }

  /**
   * Resolves when who asks may connect, or not. Events come by another way than who asks, and may come later though they were sent
   * before: it waits for those that were, so that of many who ask at once no more are let in.
   */
  async place(): Promise<Place> {
    const asked = ++this.#asked
    await turn()
    for (let turns = 0; turns < MAX_TURNS && this.#accepted < asked; turns++) await turn()
    if (this.#isBlind) return { refusal: 'it cannot be known how many peers are connected' }
    if (this.#taken <= this.#limit) return {}
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** No fewer than are let in: also who has not asked yet, and who was refused for another reason and has not gone yet. */
  get #taken(): number {
    return this.#open - this.#waiting.length
  }

  /** Of those whose handshake came to nothing it is not told who they were: the oldest that waits, if any does. Its answer reaches nobody. */
  #ended(): void {
    if (this.#failed > 0) {
      this.#failed--
      this.#giveUp()
    }
    this.#admit()
  }

  #admit(): void {
    while (this.#taken < this.#limit && this.#waiting.length > 0) this.#waiting.shift()!({ hasWaited: true })
  }

  #giveUp(): void {
    const refusal = `${this.#limit} peers were connected, which is the limit, until its handshake was over`
    this.#waiting.shift()?.({ refusal })
  }
}

/** Until all that is there to be read was read once. */
async function turn(): Promise<void> {
  await new Promise(setImmediate)
  await new Promise(setImmediate)
}
