/**
 * The worker's engine: runs the tasks that came, some at once, and gathers what they gave into few frames. No sockets.
 */
import { errorData, type Logger, TimeoutError } from '@troupe/core'
import type { EquippedTask } from './equipment.js'
import type { Failure } from './failure.js'
import { misfit, parse } from './fit.js'
import type { TaskContext } from './task.js'
import type { ResultsBody, TasksBody } from './wire.js'

/** Results are sent at the latest this long after those before them, in ms, where a task allows. */
const FLUSH_AFTER_MS = 10
/** Tasks that return no promise run so long in a row, in ms, between two looks at the clock. */
const LOOK_EVERY_MS = 0.5
/** And no more than so many. */
const LOOK_EVERY_TASKS = 64

export interface RunnerTerms {
  readonly tasks: ReadonlyMap<string, EquippedTask>
  /** How many tasks run at once. */
  readonly concurrency: number
  /** How long a task may go on after its signal has aborted, in ms. */
  readonly graceMs: number
  readonly log: Logger
  /** Sends results to the farm. */
  send(results: ResultsBody): void
}

/** Tasks of one name and limit that came in one frame, under consecutive tickets. */
interface Group {
  readonly task: EquippedTask
  readonly timeoutMs: number
  readonly firstTicket: number
  readonly attempts: readonly number[] | null
  readonly inputs: unknown[]
  /** Which of them is the next to run. */
  next: number
}

/** Stands in the place of an input whose task is not wanted any more. */
const UNWANTED = Symbol('unwanted')

/** One try that runs, and its task's face. What few tasks look at is made only for them. */
class Run implements TaskContext {
  readonly #log: Logger
  #controller: AbortController | undefined = undefined
  #aborted: { readonly reason: unknown } | undefined = undefined
  /** It was answered already: what it still gives is dropped. */
  answered = false
  timer: NodeJS.Timeout | undefined = undefined

  constructor(
    readonly ticket: number,
    readonly attempt: number,
    readonly group: Group,
    log: Logger,
  ) {
    this.#log = log
  }

  get log(): Logger {
    return this.#log.child({ task: this.group.task.name, ticket: this.ticket, attempt: this.attempt })
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason)
    }
    return this.#controller.signal
  }

  get resource(): unknown {
    return this.group.task.resource
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
  readonly #queue: Group[] = []
  readonly #running = new Map<number, Run>()
  #outputs: [number, unknown[]][] = []
  #failures: [number, Failure][] = []
  #gathered = 0
  /** Since when something has run without a pause, if something does. */
  #busySinceMs: number | undefined = undefined
  #busyMs = 0
  #flushedMs = 0
  #flushing = false
  /** Has left the rest of its queue to the next turn of the event loop. */
  #resting = false
  /** How many tasks are started before the clock is looked at again, and how many were since it was. */
  #stride = 1
  #unlooked = 0
  #lookedMs = 0
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
      if (task !== undefined && inputs.length > 0) {
        this.#queue.push({ task, timeoutMs, firstTicket: ticket, attempts, inputs: inputs as unknown[], next: 0 })
      } else {
        const why = 'names a task that the worker has not'
        for (let index = 0; index < inputs.length; index++) this.#fail(ticket + index, { kind: 'input', why })
      }
      ticket += inputs.length
    }
    this.#pump()
  }

  /** Ends tries that are not wanted any more: the queued do not run, the running have their signal aborted. */
  cancel(tickets: readonly number[], reason: unknown): void {
    for (const ticket of tickets) {
      this.#running.get(ticket)?.abort(reason)
      for (const { firstTicket, inputs, next } of this.#queue) {
        const index = ticket - firstTicket
        if (index < next || index >= inputs.length || inputs[index] === UNWANTED) continue
        inputs[index] = UNWANTED
        this.#fail(ticket, { kind: 'cancelled' })
      }
    }
    this.#flushSoon()
  }

  /** Starts nothing more, aborts what runs, and resolves when all of it has ended. */
  async stop(reason: unknown): Promise<void> {
    this.#stopped = true
    this.#queue.length = 0
    for (const run of this.#running.values()) run.abort(reason)
    if (this.#running.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    this.#flush()
  }

  #pump(): void {
    if (this.#resting) return
    while (!this.#stopped && this.#running.size < this.#terms.concurrency && this.#queue.length > 0) {
      if (this.#busySinceMs === undefined) this.#busySinceMs = this.#lookedMs = performance.now()
      this.#startNext()
      if (++this.#unlooked >= this.#stride && this.#isDue()) return this.#rest()
    }
    this.#flushSoon()
  }

  /** Looks at the clock: whether results are due, which only tasks that leave the event loop no turn can bring about. */
  #isDue(): boolean {
    const now = performance.now()
    this.#stride = strideAfter(this.#unlooked, now - this.#lookedMs)
    this.#unlooked = 0
    this.#lookedMs = now
    return this.#gathered > 0 && now - this.#flushedMs >= FLUSH_AFTER_MS
  }

  /** Sends what is due, and gives the event loop a turn, in which it goes out and cancellations and frames come in. */
  #rest(): void {
    this.#flush()
    this.#resting = true
    setImmediate(() => {
      this.#resting = false
      this.#pump()
    })
  }

  #startNext(): void {
    const group = this.#queue[0]!
    const index = group.next++
    const input = group.inputs[index]
    if (group.next === group.inputs.length) this.#queue.shift()
    if (input === UNWANTED) return
    // It is not to be kept longer than its task.
    group.inputs[index] = undefined
    this.#start(new Run(group.firstTicket + index, group.attempts?.[index] ?? 1, group, this.#terms.log), input)
  }

  /** Starts a task. One that returns no promise has ended when this returns. */
  #start(run: Run, given: unknown): void {
    const { ticket, group } = run
    const input = parse(group.task.input, given)
    if (!input.ok) return this.#fail(ticket, { kind: 'input', why: input.why })
    let output: unknown
    try {
      output = group.task.run(input.value, run)
    } catch (error) {
      return this.#threw(run, error)
    }
    if (!isThenable(output)) return this.#ended(run, output)
    this.#running.set(ticket, run)
    if (group.timeoutMs > 0) this.#limit(run, group.timeoutMs)
    output.then(
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
      run.abort(new TimeoutError(`task "${run.group.task.name}"`, timeoutMs))
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
    const why = misfit(run.group.task.output, value)
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

  #overran({ ticket, group }: Run): void {
    this.#fail(ticket, { kind: 'timeout', timeoutMs: group.timeoutMs, stuck: false })
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

  #isIdle(): boolean {
    return this.#running.size === 0 && this.#queue.length === 0
  }

  /** Sends what was gathered: at once when there is nothing more to do, else with all that this turn brings. */
  #flushSoon(): void {
    if (this.#gathered === 0 || this.#flushing) return
    if (this.#isIdle()) return this.#flush()
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

/** How many tasks to run before the next look at the clock, when so many took so long. */
const strideAfter = (tasks: number, tookMs: number): number =>
  Math.max(1, Math.min(LOOK_EVERY_TASKS, 2 * tasks, Math.floor((tasks * LOOK_EVERY_MS) / Math.max(tookMs, 1e-3))))

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
