/**
 * Frames to who is not a worker of the farm, or not any more: through a socket of its own, which is closed again.
 */
import { type Deferred, deferred, errorData, type Logger } from '@troupe/core'
import { ZMQPush } from '@troupe/push-pull'
import { refusal } from '../crew.js'
import type { Parts } from '../parts.js'
import { encodeBody, encodeHeader, type Header } from '../wire.js'

/** How long one may take to leave, in ms; as long it is not said again, for who repeats his HELLO has it then. */
const LEAVE_MS = 1_000
/** How long it may still take when the farm ends meanwhile, in ms. */
const LINGER_MS = 200
/** So many are under way at once; what is more is not sent: who repeats his HELLO is answered later. */
const MAX_AT_ONCE = 64

export class LastWord {
  readonly #run: string
  readonly #log: Logger
  readonly #underway = new Map<string, { readonly over: Deferred<void>; readonly said: Promise<void> }>()
  #isClosed = false

  constructor(run: string, log: Logger) {
    this.#run = run
    this.#log = log
  }

  /** Answers a HELLO with REFUSED. */
  refuse(inbox: string, header: Header, code: string, message: string): void {
    this.#send(inbox, header.incarnation, refusal(this.#run, header, code, message))
  }

  /** Has a worker killed by who listens at its control address. */
  kill(control: string, incarnation: string, why: string): void {
    const header = encodeHeader({ kind: 'KILL', run: this.#run, incarnation, sequence: 0, acknowledged: 0 })
    this.#send(control, `kill ${incarnation}`, [header, encodeBody({ why }, 'msgpack')])
  }

  /** Resolves when what is under way is gone, or given up. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const { over } of this.#underway.values()) over.resolve()
    await Promise.all([...this.#underway.values()].map(({ said }) => said))
  }

  #send(address: string, key: string, parts: Parts): void {
    if (this.#isClosed || this.#underway.has(key) || this.#underway.size >= MAX_AT_ONCE) return
    const over = deferred<void>()
    const said = this.#say(address, parts, over).finally(() => this.#underway.delete(key))
    this.#underway.set(key, { over, said })
  }

  async #say(address: string, parts: Parts, over: Deferred<void>): Promise<void> {
    const timer = setTimeout(over.resolve, LEAVE_MS)
    const failed = (error: unknown) => this.#log.debug({ err: errorData(error), address }, 'a last word was not sent')
    try {
      const socket = new ZMQPush(undefined, { codec: 'frames', lingerMs: LINGER_MS, log: this.#log })
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
