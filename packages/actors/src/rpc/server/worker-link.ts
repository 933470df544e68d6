/**
 * One worker of a service, as its service speaks with it: RPC over its pipe. What it held when it dies has failed, at once.
 */
import { type Clock, type Deferred, deferred, TroupeError } from '@troupe/core'
import { CallTable } from '../call-table.js'
import type { Contract } from '../contract.js'
import { Outbox } from '../outbox.js'
import { wireError } from '../rpc-errors.js'
import {
  BYE,
  CALL,
  CANCEL,
  CREDIT,
  decodeFrame,
  END,
  ERROR,
  HELLO,
  ITEM,
  type Item,
  itemWith,
  PING,
  PONG,
  RELEASED,
  REPLY,
  readError,
  readWelcome,
  WELCOME,
  WIRE_VERSION,
} from '../wire.js'
import type { Callee, Execution } from './execution.js'

export interface WorkerLinkTerms {
  readonly contract: Contract
  readonly clock: Clock
  /** How long its event loop may stand still when a call is cancelled. */
  readonly graceMs: number
  send(frame: Uint8Array): void
  /** It has room again. */
  hasRoom(): void
  /** Its event loop stands still over a call that nobody waits for. */
  stuck(): void
}

export class WorkerLink {
  readonly #terms: WorkerLinkTerms
  readonly #outbox: Outbox
  readonly #welcome: Deferred<void> = deferred()
  readonly #held = new CallTable<Callee>()
  #lastId = 0
  /** Set while it is asked whether its event loop turns. */
  #question: unknown

  constructor(terms: WorkerLinkTerms) {
    this.#terms = terms
    this.#outbox = new Outbox({
      send: (frame) => terms.send(frame),
      refused: (item, error) => this.#take([ERROR, item[1], wireError('INVALID_INPUT', error.message)]),
      soon: setImmediate,
    })
  }

  /** Calls that it has. */
  get held(): number {
    return this.#held.size
  }

  /** Resolves when it is known to serve the contract. @throws {TroupeError} `VERSION_MISMATCH`, `UNKNOWN_SERVICE` */
  greet(): Promise<void> {
    const { name, version } = this.#terms.contract
    this.#outbox.say([HELLO, WIRE_VERSION, name, version ?? null], true)
    return this.#welcome.promise
  }

  begin(call: Callee): Execution {
    const id = ++this.#lastId
    this.#held.set(id, call)
    const { procedure, input, metadata, credit, peer, identity, deadlineAtMs } = call
    const leftMs = deadlineAtMs === undefined ? null : Math.max(0, deadlineAtMs - this.#terms.clock.now())
    const head = { metadata, credit, peer: peer.id, identity }
    const item: Item =
      input === undefined ? [CALL, id, procedure, leftMs, head] : [CALL, id, procedure, leftMs, head, input]
    this.#outbox.say(item, this.#held.size === 1)
    return {
      item: (value) => this.#outbox.say(itemWith(ITEM, id, value)),
      end: () => this.#outbox.say([END, id]),
      credit: (count) => this.#outbox.say([CREDIT, id, count]),
      cancel: () => this.#cancel(id),
    }
  }

  /** Takes a frame of it. */
  came(part: Uint8Array): void {
    for (const item of decodeFrame(part)?.items ?? []) this.#take(item)
  }

  /** It has ended. */
  lost(why: string): void {
    this.#terms.clock.clearTimeout(this.#question)
    for (const call of this.#held.clear()) {
      call.fail(wireError('WORKER_LOST', `the worker that ran it has ended: ${why}`, { retryable: true }))
      call.released()
    }
    this.#welcome.reject(new TroupeError('WORKER_LOST', `the worker has ended: ${why}`))
    this.#welcome.promise.catch(() => undefined)
  }

  #take(item: Item): void {
    const [kind, id, value] = item
    if (kind === WELCOME) return void (readWelcome(item) && this.#welcome.resolve())
    if (kind === BYE) return this.#refused(readError(id)?.message ?? 'it did not say why')
    if (kind === PONG) {
      this.#terms.clock.clearTimeout(this.#question)
      this.#question = undefined
      return
    }
    const call = this.#held.get(id as number)
    if (call === undefined) return
    if (kind === ITEM) call.item(value)
    else if (kind === CREDIT) call.give(value as number)
    else if (kind === RELEASED) this.#release(id as number)
    else if (kind === REPLY) this.#answer(id as number, () => call.reply(value))
    else if (kind === END) this.#answer(id as number, () => call.end())
    else if (kind === ERROR) {
      const error = readError(value) ?? wireError('INTERNAL', 'its worker gave an error that cannot be read')
      this.#answer(id as number, () => call.fail(error))
    }
  }

  #answer(id: number, tell: () => void): void {
    tell()
    this.#release(id)
  }

  #release(id: number): void {
    const call = this.#held.get(id)
    if (call === undefined) return
    this.#held.delete(id)
    call.released()
    this.#terms.hasRoom()
  }

  /** It holds its room until nothing of it runs any more, or its answer comes, which was on its way. */
  #cancel(id: number): void {
    if (this.#held.get(id) === undefined) return
    this.#outbox.say([CANCEL, id])
    if (this.#question !== undefined) return
    this.#outbox.say([PING, 0], true)
    this.#question = this.#terms.clock.setTimeout(() => this.#terms.stuck(), this.#terms.graceMs)
  }

  #refused(why: string): void {
    this.#welcome.reject(
      new TroupeError('VERSION_MISMATCH', `the handlers of the workers are of another contract: ${why}`),
    )
  }
}
