/**
 * A task: a named function with a schema on each side, which a farm's workers run.
 */
import type { Logger } from '@troupe/core'
import { InvalidOptionsError } from '@troupe/core'
import type { z } from 'zod'
import type { Progress } from './progress.js'

/** What the setup of a task is given. */
export interface SetupContext {
  /** The worker that is set up, as `stats` names it. */
  readonly worker: string
  /** The tags of its group. */
  readonly tags: readonly string[]
  /** Aborts when the worker is to stop. */
  readonly signal: AbortSignal
  readonly log: Logger
}

/** What a running task is given beside its input. */
export interface TaskContext<Resource = unknown> {
  /** Aborts when the task is cancelled, runs out of time, or its worker is told to stop. */
  readonly signal: AbortSignal
  /** The worker's log, bound to the task. */
  readonly log: Logger
  /** Which try this is, from 1. A task runs at least once: after a worker's death it may run again. */
  readonly attempt: number
  /** What the task's `setup` gave in this worker. */
  readonly resource: Resource
  /**
   * Says how far it has got. The newest counts: it reaches the caller's `onProgress` a few times a second, and costs
   * next to nothing where nobody listens.
   * @throws {InvalidOptionsError} `INVALID_OPTIONS` for what is no progress
   */
  progress(progress: Progress): void
}

/** What every task has. */
export interface TaskTerms<Input extends z.ZodType, Output extends z.ZodType, Resource = unknown> {
  /** How the wire, errors and the command line call it. One task file has each name once. */
  readonly name: string
  /** Refuses a farm and a worker that disagree about it. */
  readonly version?: string
  /** The sender validates against it; the worker parses with it, so transforms and defaults run once, there. */
  readonly input: Input
  /** The worker validates against it; the farm parses with it. */
  readonly output: Output
  /**
   * What errors call an input. Default: its place in the input of a map, or the number of the submit. Not the `key` of a
   * call, which puts tasks in order.
   */
  readonly key?: (input: z.input<Input>) => string
  /** How many times a failed try is tried again. Default: the farm's. */
  readonly retries?: number
  /** How long one try may run, in ms; 0 for as long as it wants. Default: the farm's. */
  readonly timeoutMs?: number
  /** It may run twice at the same time for one input: maps may `speculate` with it. */
  readonly idempotent?: boolean
  /** It goes only to workers that have all of these tags, beside those of the call. */
  readonly tags?: readonly string[]
  /**
   * Makes what all tries of the task in one worker share, as a connection: runs once for each worker, before it joins.
   * What it throws fails the start of the worker. Write it before `run`, whose `resource` has its type.
   */
  setup?(context: SetupContext): Resource | Promise<Resource>
  /** Lets go of it, when the worker stops in order; not when it is killed or dies. */
  teardown?(resource: Resource): void | Promise<void>
  /** At most `limit` of its tasks begin in any `perMs` in one farm, of all calls; tries count. */
  readonly rate?: { readonly limit: number; readonly perMs: number }
}

export interface TaskDefinition<Input extends z.ZodType, Output extends z.ZodType, Resource = unknown>
  extends TaskTerms<Input, Output, Resource> {
  readonly partial?: undefined
  /** Does the work: returns the output, or a promise of it. */
  run(input: z.output<Input>, context: TaskContext<Resource>): z.input<Output> | Promise<z.input<Output>>
}

/** A task that gives parts before its output. */
export interface StreamingTaskDefinition<
  Input extends z.ZodType,
  Output extends z.ZodType,
  Part extends z.ZodType,
  Resource = unknown,
> extends TaskTerms<Input, Output, Resource> {
  /** What its parts are: the worker validates against it; the farm parses with it. */
  readonly partial: Part
  /** Does the work: yields the parts and returns the output. It stands still while its reader is behind. */
  run(input: z.output<Input>, context: TaskContext<Resource>): AsyncGenerator<z.input<Part>, z.input<Output>, undefined>
}

const brand = Symbol.for('troupe.task')

/** What {@link task} makes. */
export interface Task<
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
  Part extends z.ZodType = z.ZodType,
> extends TaskTerms<Input, Output> {
  readonly partial?: Part | undefined
  run(input: z.output<Input>, context: TaskContext): unknown
  readonly [brand]: true
}

/** What {@link task} makes of a definition with `partial`. */
export interface StreamingTask<Input extends z.ZodType, Output extends z.ZodType, Part extends z.ZodType>
  extends Task<Input, Output, Part> {
  readonly partial: Part
}

/**
 * Defines a task. Export it from a module of its own, which the farm's workers import.
 * @throws {InvalidOptionsError} `INVALID_OPTIONS` for a name or limit that cannot be
 * @example
 * export const square = task({ name: 'square', input: z.number(), output: z.number(), run: (n) => n * n })
 */
export function task<Input extends z.ZodType, Output extends z.ZodType, Part extends z.ZodType, Resource = undefined>(
  definition: StreamingTaskDefinition<Input, Output, Part, Resource>,
): StreamingTask<Input, Output, Part>
/** A task with something changed: `task({ ...square, retries: 2 })`. */
export function task<Input extends z.ZodType, Output extends z.ZodType, Part extends z.ZodType>(
  changed: Task<Input, Output, Part>,
): Task<Input, Output, Part>
export function task<Input extends z.ZodType, Output extends z.ZodType, Resource = undefined>(
  definition: TaskDefinition<Input, Output, Resource>,
): Task<Input, Output>
export function task(definition: Omit<Task, typeof brand>): Task {
  const wrong = [...problems(definition)]
  if (wrong.length > 0) throw new InvalidOptionsError(`task ${JSON.stringify(definition.name)}`, wrong)
  return Object.freeze({ ...definition, [brand]: true as const })
}

/** Whether `value` was made by {@link task}, by this copy of the package or another. */
export function isTask(value: unknown): value is Task {
  return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === true
}

// A worker loads this at its start, so it is checked without building zod schemas.
function* problems(definition: Omit<Task, typeof brand>): Generator<{ path: string; message: string }> {
  const { name, version, input, output, partial, run, key, setup, teardown, retries, timeoutMs, idempotent } =
    definition
  if (typeof name !== 'string' || !/^[\w.:/-]{1,128}$/.test(name)) {
    yield { path: 'name', message: 'must be 1 to 128 letters, digits or any of _ . : / -' }
  }
  if (version !== undefined && typeof version !== 'string') yield { path: 'version', message: 'must be a string' }
  yield* schemaProblems({ input, output, ...(partial !== undefined && { partial }) })
  if (typeof run !== 'function') yield { path: 'run', message: 'must be a function' }
  yield* notFunctions({ key, setup, teardown })
  if (retries !== undefined && !(Number.isInteger(retries) && retries >= 0)) {
    yield { path: 'retries', message: 'must be a whole number of 0 or more' }
  }
  if (timeoutMs !== undefined && !(timeoutMs >= 0 && timeoutMs < 2 ** 31)) {
    yield { path: 'timeoutMs', message: 'must be from 0 to 2147483647' }
  }
  if (idempotent !== undefined && typeof idempotent !== 'boolean') {
    yield { path: 'idempotent', message: 'must be true or false' }
  }
  yield* wishProblems(definition)
}

/** Of what it asks for. */
function* wishProblems({ tags, rate }: Omit<Task, typeof brand>): Generator<{ path: string; message: string }> {
  if (tags !== undefined && !(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string' && tag !== ''))) {
    yield { path: 'tags', message: 'must be a list of strings' }
  }
  if (
    rate !== undefined &&
    !(Number.isInteger(rate.limit) && rate.limit > 0 && rate.perMs > 0 && rate.perMs < 2 ** 31)
  ) {
    yield { path: 'rate', message: 'must have a limit of 1 or more and perMs above 0' }
  }
}

function* notFunctions(optional: Record<string, unknown>): Generator<{ path: string; message: string }> {
  for (const [path, value] of Object.entries(optional)) {
    if (value !== undefined && typeof value !== 'function') yield { path, message: 'must be a function' }
  }
}

function* schemaProblems(schemas: Readonly<Record<string, z.ZodType>>): Generator<{ path: string; message: string }> {
  for (const [path, schema] of Object.entries(schemas)) {
    if (typeof schema?.safeParse !== 'function') yield { path, message: 'must be a zod schema' }
  }
}
