/**
 * Frames to who is not a worker of the farm, or not any more: through a socket of its own, which is closed again.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type CurveSecurity, type Deferred, deferred, errorData, type Logger } from '@troupe/core'
import { ZMQPush } from '@troupe/push-pull'
import { refusal } from '../crew.js'
import type { Parts } from '../parts.js'
import { encodeBody, encodeHeader, type Header, type Hello } from '../wire.js'
import { isReachable, numbered } from './route.js'

/** How long one may take to leave, in ms; as long it is not said again, for who repeats his HELLO has it then. */
const LEAVE_MS = 1_000
/** How long it may still take when the farm ends meanwhile, in ms. */
const LINGER_MS = 200
/** So many are under way at once: what is more of refusals is not sent, for who repeats his HELLO is answered later, and of kills waits. */
const MAX_AT_ONCE = 64

/** Who is told: where it listens, and the key that it says it has. */
interface Listener {
  readonly address: string
  readonly key: string | undefined
}

interface Underway {
  readonly over: Deferred<void>
  readonly said: Promise<void>
}

export interface LastWordTerms {
  readonly run: string
  readonly log: Logger
  /** Where the farm listens. */
  sink(): string | undefined
  /** By what an address is dialled whose holder has said that this is its key. */
  securityFor(key: string | undefined): CurveSecurity | undefined
}

export class LastWord {
  readonly #terms: LastWordTerms
  readonly #refusals = new Map<string, Underway>()
  readonly #kills = new Map<string, Underway>()
  /** Kills that wait for others to be over. */
  readonly #waiting: (() => void)[] = []
  #isClosed = false

  constructor(terms: LastWordTerms) {
    this.#terms = terms
  }

  /** Answers a HELLO with REFUSED. */
  refuse({ inbox, key }: Hello, header: Header, code: string, message: string): void {
    const { incarnation } = header
    if (inbox === undefined || this.#refusals.has(incarnation) || this.#refusals.size >= MAX_AT_ONCE) return
    this.#send(this.#refusals, { address: inbox, key }, incarnation, refusal(this.#terms.run, header, code, message))
  }

  /** Has a worker killed by who listens at its control address. */
  kill({ control, key }: Hello, incarnation: string, why: string): void {
    if (control === undefined || this.#kills.has(incarnation) || !isReachable(control, this.#terms.sink())) return
    const header = encodeHeader({ kind: 'KILL', run: this.#terms.run, incarnation, sequence: 0, acknowledged: 0 })
    const parts = [header, encodeBody({ why }, 'msgpack')]
    const send = () => this.#send(this.#kills, { address: control, key }, incarnation, parts)
    if (this.#kills.size < MAX_AT_ONCE) send()
    else this.#waiting.push(send)
  }

  /** Resolves when what is under way is gone, or given up. What is said of kills still has time to leave: nothing else would end those workers. */
  async close(): Promise<void> {
    for (const send of this.#waiting.splice(0)) send()
    this.#isClosed = true
    const [refusals, kills] = [[...this.#refusals.values()], [...this.#kills.values()]]
    for (const { over } of refusals) over.resolve()
    if (kills.length > 0) await delay(LINGER_MS)
    for (const { over } of kills) over.resolve()
    await Promise.all([...refusals, ...kills].map(({ said }) => said))
  }

  #send(among: Map<string, Underway>, to: Listener, incarnation: string, parts: Parts): void {
    if (this.#isClosed) return
    const over = deferred<void>()
    const said = this.#say(to, parts, over).finally(() => {
      among.delete(incarnation)
      if (among === this.#kills) this.#waiting.shift()?.()
    })
    among.set(incarnation, { over, said })
  }

  async #say({ address, key }: Listener, parts: Parts, over: Deferred<void>): Promise<void> {
    const { log, securityFor } = this.#terms
    const timer = setTimeout(over.resolve, LEAVE_MS)
    const failed = (error: unknown) => log.debug({ err: errorData(error), address }, 'a last word was not sent')
    try {
      const security = securityFor(key)
      const socket = new ZMQPush(undefined, { codec: 'frames', lingerMs: LINGER_MS, security, log })
      numbered(address)
        .then((numeric) => socket.connect(numeric))
        .catch(failed)
      socket.send(parts).catch(failed)
      await over.promise
      await socket.close()
    } catch (error) {
      failed(error)
    }
    clearTimeout(timer)
  }
}
