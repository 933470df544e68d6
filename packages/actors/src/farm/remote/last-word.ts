/**
 * Frames to who is not a worker of the farm, or not any more: through a socket of its own, which is closed again.
 */
import { type CurveSecurity, type Deferred, deferred, errorData, type Logger } from '@troupe/core'
import { ZMQPush } from '@troupe/push-pull'
import { refusal } from '../crew.js'
import type { Parts } from '../parts.js'
import { encodeBody, encodeHeader, type Header, type Hello } from '../wire.js'
import { isAddress } from './route.js'

/** How long one may take to leave, in ms; as long it is not said again, for who repeats his HELLO has it then. */
const LEAVE_MS = 1_000
/** How long it may still take when the farm ends meanwhile, in ms. */
const LINGER_MS = 200
/** So many are under way at once; what is more is not sent: who repeats his HELLO is answered later. */
const MAX_AT_ONCE = 64

/** Who is told: where it listens, and the key that it says it has. */
interface Listener {
  readonly address: string
  readonly key: string | undefined
}

export class LastWord {
  readonly #run: string
  readonly #log: Logger
  readonly #securityFor: (key: string | undefined) => CurveSecurity | undefined
  readonly #underway = new Map<string, { readonly over: Deferred<void>; readonly said: Promise<void> }>()
  #isClosed = false

  /** @param securityFor by what an address is dialled whose holder has said that this is its key */
  constructor(run: string, log: Logger, securityFor: (key: string | undefined) => CurveSecurity | undefined) {
    this.#run = run
    this.#log = log
    this.#securityFor = securityFor
  }

  /** Answers a HELLO with REFUSED. */
  refuse({ inbox, key }: Hello, header: Header, code: string, message: string): void {
    if (inbox === undefined) return
    this.#send({ address: inbox, key }, header.incarnation, refusal(this.#run, header, code, message))
  }

  /** Has a worker killed by who listens at its control address. */
  kill({ control, key }: Hello, incarnation: string, why: string): void {
    if (control === undefined || !isAddress(control)) return
    const header = encodeHeader({ kind: 'KILL', run: this.#run, incarnation, sequence: 0, acknowledged: 0 })
    this.#send({ address: control, key }, `kill ${incarnation}`, [header, encodeBody({ why }, 'msgpack')])
  }

  /** Resolves when what is under way is gone, or given up. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const { over } of this.#underway.values()) over.resolve()
    await Promise.all([...this.#underway.values()].map(({ said }) => said))
  }

  #send(to: Listener, name: string, parts: Parts): void {
    if (this.#isClosed || this.#underway.has(name) || this.#underway.size >= MAX_AT_ONCE) return
    const over = deferred<void>()
    const said = this.#say(to, parts, over).finally(() => this.#underway.delete(name))
    this.#underway.set(name, { over, said })
  }

  async #say({ address, key }: Listener, parts: Parts, over: Deferred<void>): Promise<void> {
    const timer = setTimeout(over.resolve, LEAVE_MS)
    const failed = (error: unknown) => this.#log.debug({ err: errorData(error), address }, 'a last word was not sent')
    try {
      const security = this.#securityFor(key)
      const socket = new ZMQPush(undefined, { codec: 'frames', lingerMs: LINGER_MS, security, log: this.#log })
      await socket.connect(address).catch(failed)
      socket.send(parts).catch(failed)
      await over.promise
      await socket.close()
    } catch (error) {
      failed(error)
    }
    clearTimeout(timer)
  }
}
