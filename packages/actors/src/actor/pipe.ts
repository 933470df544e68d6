/**
 * A pipe between an actor and its owner: messages in order, both ways, bounded.
 */
import type { WaitOptions } from '@troupe/core/kernel'
import type { ActorFunction } from './actor-context.js'
import type { Behaviour, Cell } from './cell.js'
import { CellContext } from './cell-context.js'
import { RefusedError } from './refused-error.js'

/** The actor's end of its pipe. Messages are plain data (what msgpack can carry), and are copied. */
export interface Pipe extends AsyncIterable<unknown> {
  /**
   * Sends a message to the owner; waits while the pipe is full.
   * @throws {TroupeError} `CLOSED` when the other end is gone, `ENCODE_FAILED`, `ABORTED`, `TIMEOUT`
   */
  send(message: unknown, options?: WaitOptions): Promise<void>
  /** Resolves with the next message, or undefined when there will be none. @throws {TroupeError} `ABORTED`, `TIMEOUT` */
  receive(options?: WaitOptions): Promise<unknown>
  /**
   * Answers the message that was received last, if it was an ask; otherwise gives `'ignored'`. An ask that was not
   * answered when the next message is received is refused: `REFUSED`.
   */
  reply(value: unknown): 'sent' | 'ignored'
}

/** Runs a function with its end of the pipe. */
export const functionBehaviour =
  (run: ActorFunction): Behaviour =>
  async (cell) => {
    // It may never take anything: its signal tells it.
    cell.abortsWhenRecycled()
    await run(new ActorPipe(cell), cell.terms.args, new CellContext(cell))
  }

class ActorPipe implements Pipe {
  readonly #cell: Cell
  /** The ask that was received last, as long as it is not answered. */
  #asked: number | undefined

  constructor(cell: Cell) {
    this.#cell = cell
  }

  async send(message: unknown, options?: WaitOptions): Promise<void> {
    this.#cell.ready()
    await this.#cell.terms.outlet.send(message, options)
  }

  async receive(options?: WaitOptions): Promise<unknown> {
    return (await this.#take(options))?.message
  }

  reply(value: unknown): 'sent' | 'ignored' {
    if (this.#asked === undefined) return 'ignored'
    this.#cell.terms.outlet.answer(this.#asked, { value })
    this.#asked = undefined
    return 'sent'
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void> {
    for (let letter = await this.#take(); letter !== undefined; letter = await this.#take()) yield letter.message
  }

  async #take(options?: WaitOptions) {
    this.#cell.ready()
    if (this.#asked !== undefined) {
      const { name } = this.#cell.terms
      this.#cell.refuse(this.#asked, new RefusedError(`actor ${name} took the message and did not answer it`))
    }
    const letter = await this.#cell.take(options)
    this.#asked = letter?.kind === 'ask' ? letter.id : undefined
    return letter
  }
}
