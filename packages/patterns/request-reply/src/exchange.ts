/**
 * Sends and receives in strict order: what is out of order never reaches libzmq, which would hang or fail.
 */
import {
  type Deferred,
  deferred,
  type Logger,
  type Receiver,
  resolveLog,
  type Sender,
  TroupeError,
  type WaitOptions,
  within,
  type ZMQSocket,
} from '@troupe/core'
import { isInvalid } from './invalid.js'
import { remaining } from './remaining.js'
import { FIRST_TURNS, type OrderedKind, type Step, type Turn, turnAfter, whyNot } from './turn.js'

export interface ExchangeParts<Message, Incoming> {
  readonly kind: OrderedKind
  readonly socket: ZMQSocket
  readonly sender: Sender<Message>
  readonly receiver: Receiver<Incoming>
  /** What an invalid message is answered with, to go on to the next; without it the receive raises it. */
  readonly refusal?: Message | undefined
  readonly outOfOrder?: 'ignore' | 'throw' | undefined
  readonly relaxed?: boolean | undefined
  readonly log?: Logger | undefined
}

export class Exchange<Message, Incoming> {
  readonly #parts: ExchangeParts<Message, Incoming>
  readonly #log: Logger
  #turn: Turn
  /** Resolved when a send has been taken or given up, for receives that wait for that. */
  #sendEnded: Deferred<void> | undefined
  #turned: Deferred<void> | undefined

  constructor(parts: ExchangeParts<Message, Incoming>) {
    this.#parts = parts
    this.#turn = FIRST_TURNS[parts.kind]
    this.#log = resolveLog(parts.log)
    if (this.#turn.awaiting) parts.receiver.allow()
  }

  /** Sends, or ignores it when it is out of order. */
  send(message: Message, options?: WaitOptions): Promise<'sent' | 'ignored'> {
    const { sender, receiver } = this.#parts
    // A send on a socket that has ended says how.
    if (this.#ended) return sender.send(message, options).then(() => 'sent')
    const stale = this.#turn.awaiting
    if (!this.#begin('send')) return this.#refused('send', 'ignored')
    // Only with `relaxed`: what has come is the reply to an earlier request.
    if (stale) receiver.forget()
    return sender.send(message, options).then(this.#taken, this.#notTaken)
  }

  readonly #taken = (): 'sent' => {
    this.#parts.receiver.allow()
    this.#step('sent')
    return 'sent'
  }

  readonly #notTaken = (error: unknown): never => {
    this.#step('unsent')
    throw error
  }

  /** Receives; undefined when it is out of order. */
  async receive(options: WaitOptions = {}): Promise<Incoming | undefined> {
    if (this.#ended) return this.#parts.receiver.receive(options)
    if (!this.#begin('receive')) return this.#refused('receive', undefined)
    return this.#received(options)
  }

  /** Receives as soon as that is in order. */
  async receiveInTurn(): Promise<Incoming> {
    while (!this.#ended && !this.#begin('receive')) {
      this.#log.debug({ socket: this.#what }, `an iteration waits: ${whyNot(this.#parts.kind, 'receive', this.#turn)}`)
      this.#turned ??= deferred()
      await this.#turned.promise
    }
    // A receive on a socket that has ended says how.
    return this.#ended ? this.#parts.receiver.receive() : ((await this.#received({})) as Incoming)
  }

  /** Takes the turn for reliable requests, until {@link release}. @throws {TroupeError} `OUT_OF_ORDER` */
  occupy(): void {
    if (!this.#ended && !this.#begin('request')) throw this.#outOfOrder('request')
  }

  release(): void {
    this.#step('requested')
  }

  /** Wakes what waits for its turn, when the socket has begun to close. */
  wake(): void {
    this.#turned?.resolve()
    this.#turned = undefined
  }

  get #ended(): boolean {
    const { state } = this.#parts.socket
    return state !== 'starting' && state !== 'running'
  }

  get #what(): string {
    return `${this.#parts.kind} socket`
  }

  async #received(options: WaitOptions): Promise<Incoming | undefined> {
    const left = remaining(options)
    try {
      // libzmq would refuse to receive before it was given what is to be sent.
      while (this.#turn.sending > 0 && !this.#turn.awaiting) {
        this.#sendEnded ??= deferred()
        await within(`a receive on the ${this.#what}`, left(), this.#sendEnded.promise)
      }
      if (!this.#turn.awaiting && !this.#ended) {
        this.#step('unreceived')
        return this.#refused('receive', undefined)
      }
      const incoming = await this.#next(left)
      this.#step('received')
      return incoming
    } catch (error) {
      this.#step(isInvalid(error) ? 'received' : 'unreceived')
      throw error
    }
  }

  async #next(left: () => WaitOptions): Promise<Incoming> {
    const { receiver, sender, refusal } = this.#parts
    for (;;) {
      try {
        return await receiver.receive(left())
      } catch (error) {
        if (refusal === undefined || !isInvalid(error)) throw error
        await sender.send(refusal)
        receiver.allow()
      }
    }
  }

  #begin(step: 'send' | 'receive' | 'request'): boolean {
    const next = turnAfter(this.#turn, step, this.#parts.relaxed)
    if (next !== undefined) this.#turn = next
    return next !== undefined
  }

  #step(step: Step): void {
    this.#turn = turnAfter(this.#turn, step) ?? this.#turn
    if (this.#sendEnded !== undefined && (step === 'sent' || step === 'unsent')) {
      this.#sendEnded.resolve()
      this.#sendEnded = undefined
    }
    this.wake()
  }

  async #refused<Outcome>(step: 'send' | 'receive', outcome: Outcome): Promise<Outcome> {
    const error = this.#outOfOrder(step)
    if (this.#parts.outOfOrder === 'throw') throw error
    this.#log.warn({ socket: this.#what, ignored: step }, error.message)
    return outcome
  }

  #outOfOrder(step: 'send' | 'receive' | 'request'): TroupeError {
    const why = whyNot(this.#parts.kind, step, this.#turn)
    return new TroupeError('OUT_OF_ORDER', `a ${step} on the ${this.#what} is out of order: ${why}`)
  }
}
