/**
 * The worker's engine: runs the tasks that came, some at once, and gathers what they gave into few frames. No sockets.
 */
import { errorData, type Logger, TimeoutError } from '@troupe/core'
import type { Failure } from './failure.js'
import { misfit, parse } from './fit.js'
import type { Task, TaskContext } from './task.js'
import type { ResultsBody, TasksBody } from './wire.js'

/** Results are sent at the latest this long after the first of them, in ms, where the event loop or a task allows. */
const FLUSH_AFTER_MS = 5

export interface RunnerTerms {
  readonly tasks: ReadonlyMap<string, Task>
  /** How many tasks run at once. */
  readonly concurrency: number
  /** How long a task may go on after its signal has aborted, in ms. */
  readonly graceMs: number
  readonly log: Logger
  /** Sends results to the farm. */
  send(results: ResultsBody): void
}

/** One try, queued or running, and its task's face. What few tasks look at is made only for them. */
class Run implements TaskContext {
  #controller: AbortController | undefined = undefined
  #aborted: { readonly reason: unknown } | undefined = undefined
  /** It was answered already: what it still gives is dropped. */
  answered = false
  timer: NodeJS.Timeout | undefined = undefined

  constructor(
    readonly ticket: number,
    readonly task: Task,
    readonly input: unknown,
    readonly attempt: number,
    readonly timeoutMs: number,
    readonly parentLog: Logger,
  ) {}

  get log(): Logger {
    return this.parentLog.child({ task: this.task.name, ticket: this.ticket, attempt: this.attempt })
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason)
    }
    return this.#controller.signal
  }

  get aborted(): unknown {
    return this.#aborted?.reason
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason }
    this.#controller?.abort(reason)
  }
}

export class TaskRunner {
  readonly #terms: RunnerTerms
  #queue: Run[] = []
  #next = 0
  readonly #running = new Map<number, Run>()
  #outputs: [number, unknown[]][] = []
  #failures: [number, Failure][] = []
  #gathered = 0
  /** Since when something has run without a pause, if something does. */
  #busySinceMs: number | undefined = undefined
  #busyMs = 0
  #flushedMs = 0
  #flushing = false
  #stopped = false
  #idle: (() => void) | undefined

  constructor(terms: RunnerTerms) {
    this.#terms = terms
  }

  /** Takes the tasks of one frame, to be run after those that came before. */
  accept({ firstTicket, groups }: TasksBody): void {
    let ticket = firstTicket
    for (const { name, timeoutMs, attempts, inputs } of groups) {
      const task = this.#terms.tasks.get(name)
      for (const [index, input] of inputs.entries()) {
        if (task === undefined) this.#fail(ticket, { kind: 'input', why: 'names a task that the worker has not' })
        else this.#queue.push(new Run(ticket, task, input, attempts?.[index] ?? 1, timeoutMs, this.#terms.log))
        ticket++
      }
    }
    this.#pump()
  }

  /** Ends tries that are not wanted any more: the queued do not run, the running have their signal aborted. */
  cancel(tickets: readonly number[], reason: unknown): void {
    const unwanted = new Set(tickets)
    for (const ticket of tickets) this.#running.get(ticket)?.abort(reason)
    const queued = this.#queue.slice(this.#next)
    this.#queue = queued.filter(({ ticket }) => !unwanted.has(ticket))
    this.#next = 0
    for (const { ticket } of queued) if (unwanted.has(ticket)) this.#fail(ticket, { kind: 'cancelled' })
    this.#flushIfDue()
  }

  /** Starts nothing more, aborts what runs, and resolves when all of it has ended. */
  async stop(reason: unknown): Promise<void> {
    this.#stopped = true
    this.#queue = []
    this.#next = 0
    for (const run of this.#running.values()) run.abort(reason)
    if (this.#running.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    this.#flush()
  }

  #pump(): void {
    while (!this.#stopped && this.#running.size < this.#terms.concurrency && this.#next < this.#queue.length) {
      const run = this.#queue[this.#next++]!
      if (this.#next === this.#queue.length) {
        this.#queue = []
        this.#next = 0
      }
      this.#busySinceMs ??= performance.now()
      this.#start(run)
      // Tasks that return no promise leave the event loop no turn, so results that are due go out here.
      if (this.#gathered > 0 && performance.now() - this.#flushedMs >= FLUSH_AFTER_MS) this.#flush()
    }
    this.#flushIfDue()
  }

  /** Starts a task. One that returns no promise has ended when this returns. */
  #start(run: Run): void {
    const { task, ticket } = run
    const input = parse(task.input, run.input)
    if (!input.ok) return this.#fail(ticket, { kind: 'input', why: input.why })
    let given: unknown
    try {
      given = task.run(input.value, run)
    } catch (error) {
      return this.#threw(run, error)
    }
    if (!isThenable(given)) return this.#ended(run, given)
    this.#running.set(ticket, run)
    if (run.timeoutMs > 0) this.#limit(run, run.timeoutMs)
    given.then(
      (value) => {
        if (this.#leave(run)) this.#ended(run, value)
        this.#pump()
      },
      (error: unknown) => {
        if (this.#leave(run)) this.#threw(run, error)
        this.#pump()
      },
    )
  }

  #limit(run: Run, timeoutMs: number): void {
    run.timer = setTimeout(() => {
      run.abort(new TimeoutError(`task "${run.task.name}"`, timeoutMs))
      run.timer = setTimeout(() => {
        // It ignores its signal: only the end of this process ends it, and the farm sees to that.
        run.answered = true
        this.#fail(run.ticket, { kind: 'timeout', timeoutMs, stuck: true })
        this.#flush()
      }, this.#terms.graceMs)
    }, timeoutMs)
  }

  #ended(run: Run, value: unknown): void {
    if (run.aborted instanceof TimeoutError) return this.#overran(run)
    const why = misfit(run.task.output, value)
    if (why !== undefined) return this.#fail(run.ticket, { kind: 'output', why })
    const last = this.#outputs[this.#outputs.length - 1]
    if (last !== undefined && last[0] + last[1].length === run.ticket) last[1].push(value)
    else this.#outputs.push([run.ticket, [value]])
    this.#gathered++
  }

  #threw(run: Run, error: unknown): void {
    if (run.aborted instanceof TimeoutError) return this.#overran(run)
    this.#fail(run.ticket, this.#stopped ? { kind: 'cancelled' } : { kind: 'thrown', error: errorData(error) })
  }

  #overran({ ticket, timeoutMs }: Run): void {
    this.#fail(ticket, { kind: 'timeout', timeoutMs, stuck: false })
  }

  /** Counts a run that took its time as ended; false if it was answered before. */
  #leave(run: Run): boolean {
    if (run.timer !== undefined) clearTimeout(run.timer)
    this.#running.delete(run.ticket)
    if (this.#running.size === 0) this.#idle?.()
    return !run.answered
  }

  #fail(ticket: number, failure: Failure): void {
    this.#failures.push([ticket, failure])
    this.#gathered++
  }

  #flushIfDue(): void {
    if (this.#gathered === 0) return
    if (this.#isIdle() || performance.now() - this.#flushedMs >= FLUSH_AFTER_MS) this.#flush()
    else this.#flushSoon()
  }

  #isIdle(): boolean {
    return this.#running.size === 0 && this.#next === this.#queue.length
  }

  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    setImmediate(() => {
      this.#flushing = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#gathered === 0) return
    const now = performance.now()
    if (this.#busySinceMs !== undefined) {
      this.#busyMs += now - this.#busySinceMs
      this.#busySinceMs = now
    }
    if (this.#isIdle()) this.#busySinceMs = undefined
    const results = { outputs: this.#outputs, failures: this.#failures, busyMs: this.#busyMs }
    this.#outputs = []
    this.#failures = []
    this.#gathered = 0
    this.#busyMs = 0
    this.#flushedMs = now
    this.#terms.send(results)
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
