/**
 * Frames to who is not a worker of the farm, or not any more: through a socket of its own, which is closed again.
 */
import { errorData, type Logger } from '@troupe/core'
import { ZMQPush } from '@troupe/push-pull'
import { refusal } from '../crew.js'
import type { Parts } from '../parts.js'
import { encodeBody, encodeHeader, type Header } from '../wire.js'

/** How long one may take to leave, in ms. */
const LEAVE_MS = 1_000
/** So many are under way at once; what is more is not sent: who repeats its HELLO is answered later. */
const MAX_AT_ONCE = 64

export class LastWord {
  readonly #run: string
  readonly #log: Logger
  readonly #underway = new Set<string>()
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(run: string, log: Logger) {
    this.#run = run
    this.#log = log
  }

  /** Answers a HELLO with REFUSED. One answer at a time: HELLO is repeated. */
  refuse(inbox: string, header: Header, code: string, message: string): void {
    this.#send(inbox, header.incarnation, refusal(this.#run, header, code, message))
  }

  /** Has a worker killed by who listens at its control address. */
  kill(control: string, incarnation: string, why: string): void {
    const header = encodeHeader({ kind: 'KILL', run: this.#run, incarnation, sequence: 0, acknowledged: 0 })
    this.#send(control, `kill ${incarnation}`, [header, encodeBody({ why }, 'msgpack')])
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  #send(address: string, key: string, parts: Parts): void {
    if (this.#underway.has(key) || this.#underway.size >= MAX_AT_ONCE) return
    this.#underway.add(key)
    void this.#sendAndClose(address, parts).finally(() => {
      // Not again at once: the other repeats what it says until it has read this.
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        this.#underway.delete(key)
      }, LEAVE_MS)
      this.#timers.add(timer)
    })
  }

  async #sendAndClose(address: string, parts: Parts): Promise<void> {
    try {
      const socket = new ZMQPush(`>${address}`, { codec: 'frames', lingerMs: LEAVE_MS, log: this.#log })
      await socket.send(parts, { timeoutMs: LEAVE_MS })
      await socket.close()
    } catch (error) {
      this.#log.debug({ err: errorData(error), address }, 'a frame was not sent')
    }
  }
}
