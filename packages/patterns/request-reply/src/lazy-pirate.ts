/**
 * The Lazy Pirate of the ZeroMQ guide: a request that gets no valid reply in time is sent again, on a new socket, so that
 * a late reply is never taken for another's.
 */
import {
  AbortedError,
  parseOptions,
  type Receiver,
  reopen,
  type Sender,
  TroupeError,
  type Waiter,
  waiting,
  within,
  type ZMQSocket,
} from '@troupe/core'
import type { z } from 'zod'
import type { Exchange } from './exchange.js'
import { isInvalid } from './invalid.js'
import { ReliableOptions } from './lazy-pirate.options.js'
import { remaining } from './remaining.js'

const WHAT = 'a request on the request socket'

/** No valid reply has come to any of the tries. Its cause is what the last of them ended with. */
export class RequestTimeoutError extends TroupeError {
  override readonly name = 'RequestTimeoutError'
  /** How many times the request was tried. */
  readonly tries: number
  readonly timeoutMs: number

  constructor(tries: number, timeoutMs: number, cause: unknown) {
    const each = tries === 1 ? `1 try of ${timeoutMs} ms` : `${tries} tries of ${timeoutMs} ms each`
    super('TIMEOUT', `${WHAT} got no valid reply in ${each}`, { cause, retryable: true })
    this.tries = tries
    this.timeoutMs = timeoutMs
  }
}

/** A request that was asked for and is not yet settled. */
interface Asked<Message, Reply> {
  readonly message: Message
  readonly limits: z.output<typeof ReliableOptions>
  readonly waiter: Waiter<Reply>
  /** Aborts when it is given up. */
  readonly giveUp: AbortController
}

/** What a try has come to. */
type Tried<Reply> = { readonly reply: Reply } | { readonly failed: unknown }

export interface LazyPirateParts<Message, Reply> {
  readonly socket: ZMQSocket
  readonly sender: Sender<Message>
  readonly receiver: Receiver<Reply>
  readonly exchange: Exchange<Message, Reply>
}

export class LazyPirate<Message, Reply> {
  readonly #parts: LazyPirateParts<Message, Reply>
  readonly #queue: Asked<Message, Reply>[] = []
  #serving = false

  constructor(parts: LazyPirateParts<Message, Reply>) {
    this.#parts = parts
  }

  async request(message: Message, options: ReliableOptions): Promise<Reply> {
    const limits = parseOptions(ReliableOptions, options, WHAT)
    const { signal } = limits
    if (signal?.aborted) throw new AbortedError(WHAT, signal.reason)
    if (!this.#serving) this.#parts.exchange.occupy()
    return waiting<Reply>(WHAT, { signal }, (waiter) => {
      const asked = { message, limits, waiter, giveUp: new AbortController() }
      this.#queue.push(asked)
      if (!this.#serving) void this.#serve()
      return {
        cancel: (reason) => {
          const place = this.#queue.indexOf(asked)
          if (place >= 0) return this.#queue.splice(place, 1)
          asked.giveUp.abort(reason)
          // It is rejected when the socket is open again, for whoever uses it next.
          return false
        },
      }
    })
  }

  /** Serves one after another. */
  async #serve(): Promise<void> {
    this.#serving = true
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const outcome = await this.#reply(next).then(
        (reply) => ({ reply }),
        (error: unknown) => ({ error }),
      )
      if (this.#queue.length === 0) {
        this.#serving = false
        this.#parts.exchange.release()
      }
      if ('reply' in outcome) next.waiter.resolve(outcome.reply)
      else next.waiter.reject(next.giveUp.signal.aborted ? next.giveUp.signal.reason : outcome.error)
      if (!this.#serving) return
    }
  }

  /** Tries until a valid reply has come or the tries are used up. */
  async #reply({ message, limits, giveUp }: Asked<Message, Reply>): Promise<Reply> {
    const { timeoutMs, retries } = limits
    for (let tries = 1; ; tries++) {
      const tried = await this.#try(message, timeoutMs, giveUp.signal)
      if ('reply' in tried) return tried.reply
      if (tries > retries || giveUp.signal.aborted) throw new RequestTimeoutError(tries, timeoutMs, tried.failed)
    }
  }

  /** Sends once and waits for the reply. A try that fails leaves a new socket behind. */
  async #try(message: Message, timeoutMs: number, signal: AbortSignal): Promise<Tried<Reply>> {
    const { sender, receiver, socket } = this.#parts
    const left = remaining({ timeoutMs, signal })
    const end = new AbortController()
    let sent = false
    try {
      await within(WHAT, left(), sender.send(message, { signal: end.signal }))
      sent = true
      receiver.allow()
      return { reply: await receiver.receive(left()) }
    } catch (error) {
      if (!isOver(error) && !(sent && isInvalid(error))) throw error
      end.abort()
      // One that is still opening has sent nothing.
      if (socket.state === 'running') await reopen(socket)
      return { failed: error }
    }
  }
}

const isOver = (error: unknown): boolean =>
  error instanceof TroupeError && (error.code === 'TIMEOUT' || error.code === 'ABORTED')
