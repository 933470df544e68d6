/**
 * Waits for a message on any of several sockets (czmq's zpoller).
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Waiter, type WaitOptions, waiting } from '../deadline.js'
import { ClosedError, InvalidOptionsError, TimeoutError } from '../errors.js'
import { type Receiver, receiverOf } from './receiver.js'
import type { ZMQSocket } from './socket.js'

/** A socket that receives. */
export type PolledSocket = ZMQSocket & { receive(options?: WaitOptions): Promise<unknown> }

/** What a poller with these sockets can find ready: any, if it was made without one. */
type Member<Sockets extends readonly PolledSocket[]> = Sockets extends readonly [] ? PolledSocket : Sockets[number]

/** After so many turns of the event loop, what libzmq has received is known here. */
const TURNS = 2

/**
 * After so many messages the event loop has a turn: the reads that wait need it, and sockets that are always ready would
 * leave them none.
 */
const IN_A_ROW = 16

/**
 * Says which of its sockets has a message. It takes none: the next `receive` of that socket gives it at once. Fair: the
 * socket after the last that was ready is looked at first. Sockets stay their owner's, who closes them; what is closed
 * is removed.
 * @example
 * const poller = new ZMQPoller(tasks, control)
 * for (;;) {
 *   const ready = await poller.wait(1_000)
 *   if (ready === control) break
 *   if (ready === tasks) work(await tasks.receive())
 * }
 */
export class ZMQPoller<const Sockets extends readonly PolledSocket[] = readonly PolledSocket[]> {
  /** The next to be looked at comes first. */
  #sockets: Member<Sockets>[] = []
  /** What takes back the watch on a socket. */
  readonly #watches = new Map<PolledSocket, () => void>()
  #waiters: Waiter<Member<Sockets> | undefined>[] = []
  #found = 0

  /** @throws {InvalidOptionsError} `INVALID_OPTIONS` for a socket that does not receive */
  constructor(...sockets: Sockets) {
    for (const socket of sockets) this.add(socket as Member<Sockets>)
  }

  /**
   * Adds a socket, also for waits that have begun. One that is there already is not added again.
   * @throws {InvalidOptionsError} `INVALID_OPTIONS` for a socket that does not receive
   */
  add(socket: Member<Sockets>): void {
    if (receiverOf(socket) === undefined) {
      throw new InvalidOptionsError('a poller', [{ path: 'socket', message: 'must be a socket that receives' }])
    }
    if (!this.#sockets.includes(socket)) this.#sockets.push(socket)
    this.#look()
  }

  /** Removes a socket. What it has received stays for its next `receive`. */
  remove(socket: PolledSocket): void {
    this.#sockets = this.#sockets.filter((other) => other !== socket)
    this.#watches.get(socket)?.()
    this.#watches.delete(socket)
    this.#look()
  }

  /**
   * Resolves with a socket that has a message to receive, or with `undefined` when `timeoutMs` have passed: without it,
   * never; with 0, at once. Of several waits the first is served first; the next is when the message was not taken or
   * another has come.
   * @throws {TroupeError} `ABORTED`; `CLOSED` when no socket is left; what a socket failed to open with
   */
  async wait(timeoutMs?: number, { signal }: Pick<WaitOptions, 'signal'> = {}): Promise<Member<Sockets> | undefined> {
    try {
      return await waiting<Member<Sockets> | undefined>('a wait of the poller', { timeoutMs, signal }, (waiter) => {
        this.#waiters.push(waiter)
        this.#look()
        if (timeoutMs === 0) void this.#giveUpSoon(waiter)
        return { cancel: () => this.#giveUp(waiter) }
      })
    } catch (error) {
      if (error instanceof TimeoutError) return undefined
      throw error
    }
  }

  async #giveUpSoon(waiter: Waiter<Member<Sockets> | undefined>): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await nextTurn()
    if (!this.#waiters.includes(waiter)) return
    this.#giveUp(waiter)
    waiter.resolve(undefined)
  }

  #giveUp(waiter: Waiter<Member<Sockets> | undefined>): void {
    this.#waiters = this.#waiters.filter((other) => other !== waiter)
    this.#rest()
  }

  /** Watches all sockets, as long as somebody waits. */
  #look(): void {
    for (const socket of [...this.#sockets]) {
      if (this.#waiters.length > 0 && !this.#watches.has(socket)) this.#watch(socket)
    }
    if (this.#sockets.length > 0) return
    for (const waiter of this.#waiters.splice(0)) waiter.reject(new ClosedError('every socket of the poller'))
  }

  #watch(socket: Member<Sockets>): void {
    let isSettled = false
    const settle = (then: () => void) => {
      isSettled = true
      this.#watches.delete(socket)
      then()
    }
    const receiver = receiverOf(socket) as Receiver<unknown>
    const takeBack = receiver.watch({
      resolve: () => settle(() => this.#ready(socket)),
      reject: (error) => settle(() => this.#lost(socket, error)),
    })
    // A message that is there already settles it at once.
    if (!isSettled) this.#watches.set(socket, takeBack)
  }

  #ready(socket: Member<Sockets>): void {
    const after = this.#sockets.indexOf(socket) + 1
    this.#sockets = [...this.#sockets.slice(after), ...this.#sockets.slice(0, after)]
    const waiter = this.#waiters.shift()
    if (++this.#found % IN_A_ROW === 0) setImmediate(() => waiter?.resolve(socket))
    else waiter?.resolve(socket)
    this.#rest()
    // Until the next turn, whoever was told has the time to take the message.
    if (this.#waiters.length > 0) setImmediate(() => this.#look())
  }

  /** A socket is closed, or did not open. */
  #lost(socket: Member<Sockets>, error: unknown): void {
    if (!(error instanceof ClosedError)) for (const waiter of this.#waiters.splice(0)) waiter.reject(error)
    this.remove(socket)
  }

  /** Nothing is read for nobody. */
  #rest(): void {
    if (this.#waiters.length > 0) return
    for (const takeBack of this.#watches.values()) takeBack()
    this.#watches.clear()
  }
}
