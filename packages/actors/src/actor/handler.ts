/**
 * An actor as a handler of requests: what `receive` returns is the reply. Messages come one at a time.
 */
import { errorData } from '@troupe/core/kernel'
import type { z } from 'zod'
import type { ActorContext } from './actor-context.js'
import type { Behaviour, Cell } from './cell.js'
import { CellContext } from './cell-context.js'
import { checked } from './checked.js'
import { isThenable } from './is-thenable.js'
import type { Letter, Notice } from './letter.js'
import type { RefusedError } from './refused-error.js'

export interface HandlerContext<State> extends ActorContext {
  /** What `init` gave. */
  state: State
  /** Says something to the owner, for its `receive`. Waits while the pipe is full. */
  send(message: unknown): Promise<void>
}

/** See {@link handler}. `Input` is what is sent, `Message` what its schema makes of that. */
export interface Handler<Args = never, State = never, Message = never, Reply = unknown, Input = Message> {
  /** What a message must be: parsed before `receive` has it. One that is not is refused with `INVALID_MESSAGE`. */
  readonly message?: z.ZodType<Message, Input> | undefined
  /** What a reply must be: one that is not is a failure of the actor. */
  readonly reply?: z.ZodType<Reply> | undefined
  /** Makes the state; the actor is ready when it has. What it throws is a start that failed. */
  init?(args: Args, context: ActorContext): State | Promise<State>
  /**
   * Takes a message; who asked gets what it returns. To throw a {@link RefusedError} refuses the request; whatever else it
   * throws is the end of the actor, and who asked is told why.
   */
  receive(message: Message, context: HandlerContext<State>): Reply | Promise<Reply>
  /** Takes what the actor is told of others that it monitors or is linked to. Without it that is a dead letter. */
  notice?(notice: Notice, context: HandlerContext<State>): void | Promise<void>
  /** Called at its end, unless it is killed: to give back what `init` took. */
  terminate?(context: HandlerContext<State>): void | Promise<void>
}

/**
 * A handler, with its types tied together.
 * @example
 * export const counter = handler({
 *   message: z.object({ add: z.number() }),
 *   init: (from: number) => ({ count: from }),
 *   receive: ({ add }, context) => (context.state.count += add),
 * })
 */
export const handler = <Args = undefined, State = undefined, Message = unknown, Reply = unknown, Input = Message>(
  given: Handler<Args, State, Message, Reply, Input>,
): Handler<Args, State, Message, Reply, Input> => given

type Code = Handler<unknown, unknown, unknown, unknown>

/** Runs a handler. */
export const handlerBehaviour =
  (given: Handler): Behaviour =>
  async (cell) => {
    const code = given as unknown as Code
    const context = new StatefulContext(cell)
    context.state = await code.init?.(cell.terms.args, context)
    try {
      cell.ready()
      await new HandlerLoop(code, cell, context).run()
    } catch (error) {
      await terminateFailed(code, cell, context)
      throw error
    }
    if (!cell.isCut) await code.terminate?.(context)
  }

class StatefulContext extends CellContext implements HandlerContext<unknown> {
  state: unknown
  readonly #cell: Cell

  constructor(cell: Cell) {
    super(cell)
    this.#cell = cell
  }

  get send(): (message: unknown) => Promise<void> {
    return (message) => this.#cell.terms.outlet.send(message)
  }
}

/** What ended it is told, whatever becomes of its clean-up. */
async function terminateFailed(code: Code, cell: Cell, context: HandlerContext<unknown>): Promise<void> {
  try {
    if (!cell.isCut) await code.terminate?.(context)
  } catch (error) {
    cell.log.error({ err: errorData(error) }, 'an actor that failed could not clean up')
  }
}

class HandlerLoop {
  readonly #code: Code
  readonly #cell: Cell
  readonly #context: HandlerContext<unknown>

  constructor(code: Code, cell: Cell, context: HandlerContext<unknown>) {
    this.#code = code
    this.#cell = cell
    this.#context = context
  }

  async run(): Promise<void> {
    for (;;) {
      // No promise where none is needed: messages come in thousands a turn.
      let letter = this.#cell.next()
      if (letter instanceof Promise) letter = await letter
      if (letter === undefined) return
      const doing = this.#take(letter)
      if (doing !== undefined) await doing
    }
  }

  #take(letter: Letter): void | PromiseLike<void> {
    if (letter.kind === 'notice') return this.#notice(letter.message)
    let message: unknown
    try {
      message = checked(this.#code.message, letter.message, `a message for actor ${this.#cell.terms.name}`)
    } catch (error) {
      return this.#invalid(letter, error as Error)
    }
    let reply: unknown
    try {
      reply = this.#code.receive(message, this.#context)
    } catch (error) {
      return this.#refuse(letter, error)
    }
    if (!isThenable(reply)) return this.#answer(letter, reply)
    return reply.then(
      (value) => this.#answer(letter, value),
      (error: unknown) => this.#refuse(letter, error),
    )
  }

  #notice(notice: Notice): void | Promise<void> {
    if (this.#code.notice !== undefined) return this.#code.notice(notice, this.#context)
    this.#cell.terms.outlet.dead('unhandled', notice)
  }

  #answer(letter: Letter, reply: unknown): void {
    if (letter.kind !== 'ask') return
    const { name, outlet } = this.#cell.terms
    outlet.answer(letter.id, { value: checked(this.#code.reply, reply, `a reply of actor ${name}`) })
  }

  /** A message that does not fit costs the message. */
  #invalid(letter: Letter, error: Error): void {
    if (letter.kind === 'ask') this.#cell.refuse(letter.id, error)
    else this.#cell.terms.outlet.dead('invalid', letter.message)
  }

  /** Whatever is thrown, and is no refusal, is its end. */
  #refuse(letter: Letter, error: unknown): void {
    // By its code: the module of the handler may have a copy of the class.
    if ((error as Partial<RefusedError> | null | undefined)?.code !== 'REFUSED') throw error
    if (letter.kind === 'ask') this.#cell.refuse(letter.id, error as Error)
    else this.#cell.log.debug({ err: error }, 'a message was refused, and nobody had asked')
  }
}
