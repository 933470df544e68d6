/**
 * The worker file of the thread pools: checks what it gets and what it gives, as our workers do.
 */
import { workerData } from 'node:worker_threads'
import { Point } from '../point.js'
import { TASK_KINDS, type TaskKind, workOf } from '../work.js'

const run = workOf(kindOf(workerData))

export function checked(input: unknown): Point {
  return Point.parse(run(Point.parse(input)))
}

export function checkedAll(inputs: readonly unknown[]): Point[] {
  return inputs.map(checked)
}

export function uncheckedAll(inputs: readonly Point[]): Point[] {
  return inputs.map(run)
}

/** piscina gives the data as it is, tinypool behind data of its own. */
function kindOf(data: unknown): TaskKind {
  const own: unknown = Array.isArray(data) ? data[1] : data
  const kind = TASK_KINDS.find((name) => name === own)
  if (kind === undefined) throw new Error(`no task kind: ${JSON.stringify(data)}`)
  return kind
}
