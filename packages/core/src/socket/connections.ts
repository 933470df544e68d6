/**
 * Counts the peers that are connected to what a socket binds, so that no more are let in than may be. Who comes when all places are taken
 * waits a while for one, and is then hung up on: libzmq connects again.
 *
 * libzmq does not say whose end it tells, so it is never known how many of those that wait are still there. What is certain is that no more
 * have gone than ends were told since shortly before the first of them came, but for the ends of those that were hung up on. Reckoned so, never too many are
 * let in, and a place that was given back is found free when those that wait now have had their time.
 */
import type { Place } from '../security/authenticator.js'
import { listen, type MonitorEvent } from './event-feed.js'
import type { RawSocket } from './raw.js'

/** How long is waited for an event that libzmq has sent already. */
const MAX_TURNS = 100
/** How long one waits for a place, in ms: no longer than half of what its handshake may take. */
const WAIT_MS = 1_000
/** Who asks may be heard so much later than his end, in ms, though he asked before. */
const LATE_MS = 250
/** How often is looked, in ms, while any wait. */
const LOOK_MS = 25

interface Waiting {
  readonly sinceMs: number
  give(place: Place): void
}

export class Connections {
  readonly #limit: number
  readonly #waitMs: number
  /** Who is connected, those that shake hands still and those that wait too. */
  #open = 0
  #accepted = 0
  #asked = 0
  /** In the order in which they came. */
  readonly #waiting: Waiting[] = []
  /** When connections ended that may have been of those that wait. */
  readonly #ends: number[] = []
  #timer: NodeJS.Timeout | undefined
  #isBlind = false

  /** @param handshakeMs how long a handshake may take; 0 for ever */
  constructor(limit: number, handshakeMs: number) {
    this.#limit = limit
    this.#waitMs = handshakeMs > 0 ? Math.min(WAIT_MS, handshakeMs / 2) : WAIT_MS
  }

  /** Counts those of a socket. libzmq tells of each that it accepts, and of the end of each, also of one that never shook hands. */
  count(raw: RawSocket): void {
    const open = new Map<string, number>()
    const add = (address: string, count: number) => {
      open.set(address, (open.get(address) ?? 0) + count)
      this.#open += count
    }
    // Those of what it connects to have another address.
    const countAt = (address: string) => open.get(address) ?? 0
    let hungUp = 0
    listen(raw, {
      happened: (event) => {
        const { type, address } = event
        if (type === 'accepted') {
          this.#accepted++
          add(address, 1)
        } else if (isHangUp(event)) hungUp++
        else if (type === 'disconnected' && countAt(address) > 0) {
          add(address, -1)
          if (hungUp > 0) hungUp--
          else this.#ended(1)
        }
        // Unbound: its connections end without a word, except those of an interface that is `*`, which stay.
        else if (type === 'closed') {
          this.#ended(countAt(address))
          add(address, -countAt(address))
        }
      },
      ended: (error) => {
        if (error !== undefined) this.#isBlind = true
        for (const count of open.values()) this.#open -= count
        open.clear()
        while (this.#waiting.length > 0) this.#giveUp()
        this.#look()
      },
    })
  }

  /**
   * Somebody asks whether he may connect. What is returned resolves when there is a place for him, or when he has waited long enough. Events
   * come by another way than who asks, and may come later though they were sent before: it waits for those that were.
   */
  ask(): () => Promise<Place> {
    const asked = ++this.#asked
    const sinceMs = performance.now()
    return async () => {
      await turn()
      for (let turns = 0; turns < MAX_TURNS && this.#accepted < asked; turns++) await turn()
      if (this.#isBlind) return { refusal: 'it cannot be known how many peers are connected' }
      if (this.#taken <= this.#limit) return {}
      this.#timer ??= setInterval(() => this.#look(), LOOK_MS)
      return new Promise((give) => this.#waiting.push({ sinceMs, give }))
    }
  }

  /** No fewer than are let in: also who has not asked yet, and who was refused and has not gone yet. */
  get #taken(): number {
    return this.#open - Math.max(0, this.#waiting.length - this.#ends.length)
  }

  #ended(count: number): void {
    const nowMs = performance.now()
    this.#forgetBefore(nowMs - this.#waitMs - LATE_MS)
    for (let n = 0; n < count; n++) this.#ends.push(nowMs)
  }

  #look(): void {
    const nowMs = performance.now()
    while (this.#waiting.length > 0 && nowMs - this.#waiting[0]!.sinceMs >= this.#waitMs) this.#giveUp()
    this.#forgetBefore((this.#waiting[0]?.sinceMs ?? nowMs) - LATE_MS)
    while (this.#waiting.length > 0 && this.#taken < this.#limit) this.#waiting.shift()!.give({ hasWaited: true })
    if (this.#waiting.length > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Ends of before one came that waits were not its. */
  #forgetBefore(ms: number): void {
    while (this.#ends.length > 0 && this.#ends[0]! < ms) this.#ends.shift()
  }

  #giveUp(): void {
    this.#waiting.shift()!.give({ refusal: `${this.#limit} peers are connected, which is the limit` })
  }
}

/** Who asked was told to come again: libzmq ends his connection next. */
const isHangUp = (event: MonitorEvent): boolean =>
  event.type === 'handshake_failed' && event.reason === 'auth' && event.error.status === 300

/** Until all that is there to be read was read once. */
async function turn(): Promise<void> {
  await new Promise(setImmediate)
  await new Promise(setImmediate)
}
