/**
 * The worker's engine: runs the tasks that came, some at once, and gathers what they gave into few frames. No sockets.
 */
import { type Deferred, deferred, errorData, type Logger, TimeoutError } from '@troupe/core'
import type { z } from 'zod'
import type { EquippedTask } from './equipment.js'
import type { Failure } from './failure.js'
import { misfit, parse } from './fit.js'
import { AHEAD_MS } from './pace.js'
import { BadPart, isGenerator, PartPump } from './part-pump.js'
import { type Group, Run } from './run.js'
import { RunTimes } from './run-times.js'
import { Updates, type UpdateTerms } from './updates.js'
import type { ResultsBody, TasksBody } from './wire.js'

/**
 * Results are sent at the latest this long after those before them, in ms, where a task allows: when half of what the farm
 * sends ahead is done, which is when it sends more, so that each frame of tasks is answered by one of results.
 */
const FLUSH_AFTER_MS = AHEAD_MS / 2
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
  /** Sends what tasks say before their end. */
  update: UpdateTerms['send']
}

/** Stands in the place of an input whose task is not wanted any more. */
const UNWANTED = Symbol('unwanted')

export class TaskRunner {
  readonly #terms: RunnerTerms
  readonly #queue: Group[] = []
  readonly #running = new Map<number, Run>()
  readonly #updates: Updates
  readonly #times = new RunTimes()
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
  /** Takes nothing new, and ends what it runs. */
  #draining = false
  #idle: Deferred<void> | undefined

  constructor(terms: RunnerTerms) {
    this.#terms = terms
    this.#updates = new Updates({
      send: terms.update,
      refused: (ticket, why) => this.#running.get(ticket)?.abort(new BadPart(why)),
    })
  }

  /** Takes the tasks of one frame, to be run after those that came before. */
  accept({ firstTicket, groups }: TasksBody): void {
    if (this.#draining) return this.#giveBack(firstTicket, groups)
    let ticket = firstTicket
    for (const { name, timeoutMs, attempts, inputs, parts = 0, progress = false } of groups) {
      const task = this.#terms.tasks.get(name)
      if (task !== undefined && inputs.length > 0) {
        const group = { task, timeoutMs, firstTicket: ticket, attempts, parts, progress, next: 0 }
        this.#queue.push({ ...group, inputs: inputs as unknown[], weight: this.#times.weightOf(name) })
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

  /** A try may send its parts up to a number. */
  allow(ticket: number, upTo: number): void {
    this.#running.get(ticket)?.pump?.allow(upTo)
  }

  /** Gives back what has not begun, as cancelled, and resolves when what runs has ended and was answered. */
  async drain(): Promise<void> {
    this.#draining = true
    for (const { firstTicket, inputs, next } of this.#queue.splice(0)) {
      for (let index = next; index < inputs.length; index++) {
        if (inputs[index] !== UNWANTED) this.#fail(firstTicket + index, { kind: 'cancelled' })
      }
    }
    await this.#allEnded()
    this.#flush()
  }

  /** Starts nothing more, aborts what runs, and resolves when all of it has ended. */
  async stop(reason: unknown): Promise<void> {
    this.#stopped = true
    this.#queue.length = 0
    for (const run of this.#running.values()) run.abort(reason)
    await this.#allEnded()
    this.#flush()
    this.#updates.flush()
  }

  async #allEnded(): Promise<void> {
    if (this.#running.size === 0) return
    this.#idle ??= deferred()
    await this.#idle.promise
  }

  #giveBack(firstTicket: number, groups: TasksBody['groups']): void {
    let ticket = firstTicket
    for (const { inputs } of groups) {
      for (let index = 0; index < inputs.length; index++) this.#fail(ticket++, { kind: 'cancelled' })
    }
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
    const attempt = group.attempts?.[index] ?? 1
    this.#start(new Run(group.firstTicket + index, attempt, group, this.#terms.log, this.#updates), input)
  }

  /** Starts a task. One that returns no promise has ended when this returns. */
  #start(run: Run, given: unknown): void {
    const { ticket, group } = run
    if (ticket % group.weight === 0) run.startedMs = performance.now()
    const input = parse(group.task.input, given)
    if (!input.ok) return this.#fail(ticket, { kind: 'input', why: input.why })
    let output: unknown
    try {
      output = group.task.run(input.value, run)
    } catch (error) {
      return this.#threw(run, error)
    }
    if (group.task.partial !== undefined) output = this.#drain(run, group.task.partial, output)
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

  async #drain(run: Run, partial: z.ZodType, generator: unknown): Promise<unknown> {
    if (!isGenerator(generator)) throw new BadPart('gives no parts: `run` must be an async generator')
    run.pump = new PartPump({ ticket: run.ticket, partial, allowed: run.group.parts, updates: this.#updates })
    return run.pump.drain(generator)
  }

  #limit(run: Run, timeoutMs: number): void {
    run.timer = setTimeout(() => {
      run.abort(new TimeoutError(`task "${run.group.task.name}"`, timeoutMs))
      run.timer = setTimeout(() => {
        // It ignores its signal: only the end of this process ends it, and the farm sees to that.
        run.answered = true
        if (run.startedMs !== undefined) this.#times.ended(run)
        this.#fail(run.ticket, { kind: 'timeout', timeoutMs, stuck: true })
        this.#flush()
      }, this.#terms.graceMs)
    }, timeoutMs)
  }

  #ended(run: Run, value: unknown): void {
    if (run.startedMs !== undefined) this.#times.ended(run)
    if (run.aborted instanceof TimeoutError) return this.#overran(run)
    const why = run.aborted instanceof BadPart ? run.aborted.message : misfit(run.group.task.output, value)
    if (why !== undefined) return this.#fail(run.ticket, { kind: 'output', why })
    const last = this.#outputs[this.#outputs.length - 1]
    if (last !== undefined && last[0] + last[1].length === run.ticket) last[1].push(value)
    else this.#outputs.push([run.ticket, [value]])
    this.#gathered++
  }

  #threw(run: Run, error: unknown): void {
    if (run.startedMs !== undefined) this.#times.ended(run)
    if (run.aborted instanceof TimeoutError) return this.#overran(run)
    const bad = run.aborted instanceof BadPart ? run.aborted : error
    if (bad instanceof BadPart) return this.#fail(run.ticket, { kind: 'output', why: bad.message })
    this.#fail(run.ticket, this.#stopped ? { kind: 'cancelled' } : { kind: 'thrown', error: errorData(error) })
  }

  #overran({ ticket, group }: Run): void {
    this.#fail(ticket, { kind: 'timeout', timeoutMs: group.timeoutMs, stuck: false })
  }

  /** Counts a run that took its time as ended; false if it was answered before. */
  #leave(run: Run): boolean {
    if (run.timer !== undefined) clearTimeout(run.timer)
    this.#running.delete(run.ticket)
    if (this.#running.size === 0) this.#idle?.resolve()
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
    this.#updates.flush()
    const now = performance.now()
    if (this.#busySinceMs !== undefined) {
      this.#busyMs += now - this.#busySinceMs
      this.#busySinceMs = now
    }
    if (this.#isIdle()) this.#busySinceMs = undefined
    const runMs = this.#times.take()
    const results = { outputs: this.#outputs, failures: this.#failures, busyMs: this.#busyMs, ...(runMs && { runMs }) }
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
