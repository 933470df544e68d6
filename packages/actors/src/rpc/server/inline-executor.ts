/**
 * Runs the handlers of a service in this thread.
 */
import { type Clock, type Identity, LazyAbort, type Logger } from '@troupe/core'
import { isThenable } from '../../actor/is-thenable.js'
import type { CallContext } from '../call-context.js'
import type { ProcedureSpec } from '../contract.js'
import type { Implementation } from '../handlers.js'
import { Inflow } from '../inflow.js'
import { Outflow } from '../outflow.js'
import { DeclaredError, isDeclaredError, thrownError, wireError } from '../rpc-errors.js'
import { parseBy } from '../standard.js'
import type { Metadata, WireError } from '../wire.js'
import type { Callee, Execution, Executor, Peer } from './execution.js'
import { through } from './middleware.js'

export interface InlineTerms {
  readonly implementation: Implementation
  readonly concurrency: number
  readonly window: number
  readonly clock: Clock
  readonly log: Logger
}

type AnyHandler = (...args: unknown[]) => unknown

export class InlineExecutor implements Executor {
  readonly #terms: InlineTerms
  #running = 0

  constructor(terms: InlineTerms) {
    this.#terms = terms
  }

  get hasRoom(): boolean {
    return this.#running < this.#terms.concurrency
  }

  begin(call: Callee): Execution {
    this.#running++
    const released = () => {
      this.#running--
      call.released()
    }
    const run = new InlineCall(call, this.#terms, released)
    run.begin()
    return run
  }
}

class InlineCall implements Execution {
  readonly #call: Callee
  readonly #terms: InlineTerms
  readonly #released: () => void
  readonly #abort = new LazyAbort()
  #incoming: Inflow<unknown> | undefined
  #outgoing: Outflow | undefined
  /** Credit that came before its stream out was there. */
  #credit: number

  constructor(call: Callee, terms: InlineTerms, released: () => void) {
    this.#call = call
    this.#terms = terms
    this.#released = released
    this.#credit = call.credit
  }

  begin(): void {
    const { spec } = this.#call
    const parsed = parseBy(spec.input, this.#call.input)
    if (!parsed.ok) return this.#failed(wireError('INVALID_INPUT', `its input ${parsed.why}`, { notRun: true }))
    if (spec.stream?.in !== undefined) {
      this.#incoming = new Inflow(this.#terms.window, {
        credit: (count) => this.#call.give(count),
        abandoned: () => undefined,
      })
    }
    let given: unknown
    try {
      given = this.#handle(parsed.value)
    } catch (error) {
      return this.#threw(error)
    }
    if (isThenable(given)) given.then(this.#gave, this.#threw)
    else this.#gave(given)
  }

  item(value: unknown): void {
    const incoming = this.#incoming
    if (incoming === undefined || incoming.hasEnded) return
    const parsed = parseBy(this.#call.spec.stream?.in, value)
    if (parsed.ok) return incoming.item(parsed.value)
    const error = wireError('INVALID_INPUT', `an item of its stream ${parsed.why}`)
    this.#call.fail(error)
    this.cancel(new TypeError(error.message))
  }

  end(): void {
    this.#incoming?.end()
  }

  credit(count: number): void {
    if (this.#outgoing === undefined) this.#credit += count
    else this.#outgoing.give(count)
  }

  cancel(reason: Error): void {
    this.#abort.abort(reason)
    this.#incoming?.drop(reason)
    this.#outgoing?.stop()
  }

  #handle(input: unknown): unknown {
    const { procedure } = this.#call
    const { handlers, middleware } = this.#terms.implementation
    const handler = (handlers as Record<string, AnyHandler>)[procedure]!
    const context = new InlineContext(this.#call, this.#terms, this.#abort)
    const handle =
      this.#incoming === undefined
        ? () => handler.call(handlers, input, context)
        : () => handler.call(handlers, input, this.#incoming, context)
    if (middleware.length === 0) return handle()
    return through(middleware, { procedure, input, context: context as CallContext }, handle)
  }

  /** Its handler has given its output, or the stream of it. */
  readonly #gave = (output: unknown): void => {
    const { spec } = this.#call
    if (spec.stream?.out !== undefined) return this.#stream(output)
    if (spec.output === undefined) {
      // A function that gives nothing may return whatever its last call did.
      this.#call.reply(undefined)
      return this.#over()
    }
    const checked = parseBy(spec.output, output)
    if (!checked.ok) return this.#failed(wireError('INVALID_OUTPUT', `its output ${checked.why}`))
    // The sender checks and sends it as it is: the receiver parses.
    this.#call.reply(output)
    this.#over()
  }

  readonly #threw = (error: unknown): void => this.#failed(this.#told(error))

  #stream(output: unknown): void {
    const { spec } = this.#call
    const out = spec.stream?.out
    this.#outgoing = new Outflow(output as AsyncIterable<unknown>, this.#credit, {
      item: (value) => {
        const checked = parseBy(out, value)
        if (!checked.ok) throw new MisfitError(`an item of its stream ${checked.why}`)
        this.#call.item(value)
      },
      end: () => this.#call.end(),
      fail: (error) => this.#call.fail(this.#told(error)),
    })
    if (this.#abort.isAborted) this.#outgoing.stop()
    void this.#outgoing.run().finally(() => this.#over())
  }

  #failed(error: WireError): void {
    this.#call.fail(error)
    this.#over()
  }

  #over(): void {
    void this.#incoming?.return()
    this.#released()
  }

  /** What was thrown, as its caller is told. */
  #told(error: unknown): WireError {
    if (error instanceof MisfitError) return wireError('INVALID_OUTPUT', error.message)
    if (!isDeclaredError(error)) {
      this.#terms.log.debug({ procedure: this.#call.procedure, err: error }, 'a handler threw')
      return thrownError(error)
    }
    const { kind, data, message } = error
    const { errors = {} } = this.#call.spec
    if (!Object.hasOwn(errors, kind))
      return wireError('CALL_FAILED', `it threw ${kind}, which its contract does not declare`)
    const checked = parseBy(errors[kind], data)
    if (!checked.ok) return wireError('INVALID_OUTPUT', `the data of its error ${kind} ${checked.why}`)
    return wireError('DECLARED_ERROR', message, { kind, data })
  }
}

class MisfitError extends TypeError {}

class InlineContext implements CallContext {
  readonly #call: Callee
  readonly #terms: InlineTerms
  readonly #abort: LazyAbort
  #log: Logger | undefined

  constructor(call: Callee, terms: InlineTerms, abort: LazyAbort) {
    this.#call = call
    this.#terms = terms
    this.#abort = abort
  }

  get procedure(): string {
    return this.#call.procedure
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get leftMs(): number {
    const { deadlineAtMs } = this.#call
    return deadlineAtMs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, deadlineAtMs - this.#terms.clock.now())
  }

  get metadata(): Metadata {
    return this.#call.metadata
  }

  get peer(): Peer {
    return this.#call.peer
  }

  get identity(): Identity | undefined {
    return this.#call.identity
  }

  get log(): Logger {
    this.#log ??= this.#terms.log.child({ procedure: this.#call.procedure })
    return this.#log
  }

  get error(): CallContext<ProcedureSpec>['error'] {
    return declare as CallContext['error']
  }
}

const declare = (kind: string, data: unknown, message?: string) => new DeclaredError(kind, data, message)
