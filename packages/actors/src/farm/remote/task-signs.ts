/**
 * By what a farm and a worker that was started elsewhere see that they have the same tasks: names, versions, and hashes of
 * the schemas.
 */
import { digestOf } from '../schema-digest.js'
import type { Task } from '../task.js'
import type { TaskSign } from '../wire.js'

export function signOf({ name, version, input, output }: Task): TaskSign {
  return { name, ...(version !== undefined && { version }), input: digestOf(input), output: digestOf(output) }
}

/** What of a worker's tasks is not as the farm has it; undefined if nothing. It may have others beside. */
export function difference(farm: readonly TaskSign[], worker: readonly TaskSign[]): string | undefined {
  const theirs = new Map(worker.map((sign) => [sign.name, sign]))
  for (const ours of farm) {
    const other = theirs.get(ours.name)
    const quoted = JSON.stringify(ours.name)
    if (other === undefined) return `it has no task ${quoted}`
    if (other.version !== ours.version) {
      return `its task ${quoted} has version ${other.version ?? 'none'}, and the farm's has ${ours.version ?? 'none'}`
    }
    for (const side of ['input', 'output'] as const) {
      // Who cannot tell its schema is believed: each value is checked all the same.
      if (other[side] !== undefined && other[side] !== ours[side]) {
        return `its task ${quoted} has another ${side} schema than the farm's`
      }
    }
  }
  return undefined
}
