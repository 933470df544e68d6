/**
 * What a worker's tasks have set up for it: each once, before the worker joins, and taken down when it stops in order.
 */
import { errorData, type Logger, TroupeError } from '@troupe/core'
import type { SetupContext, Task } from './task.js'

/** A task of a worker, with what it has set up there. */
export interface EquippedTask extends Task {
  readonly resource: unknown
}

export class Equipment {
  readonly tasks: ReadonlyMap<string, EquippedTask>
  readonly #log: Logger

  private constructor(tasks: ReadonlyMap<string, EquippedTask>, log: Logger) {
    this.tasks = tasks
    this.#log = log
  }

  /**
   * Sets the tasks up, one after the other in the order of their exports. When one fails, those before it are taken down.
   * @throws {TroupeError} `SETUP_FAILED`
   */
  static async setUp(tasks: ReadonlyMap<string, Task>, context: SetupContext): Promise<Equipment> {
    const equipped = new Map<string, EquippedTask>()
    const equipment = new Equipment(equipped, context.log)
    for (const [name, task] of tasks) {
      try {
        equipped.set(name, { ...task, resource: await task.setup?.(context) })
      } catch (cause) {
        await equipment.takeDown()
        throw new TroupeError('SETUP_FAILED', `the setup of task "${name}" failed: ${errorData(cause).message}`, {
          cause,
        })
      }
    }
    return equipment
  }

  /** Takes all down, the last first. One that fails does not stop the others. */
  async takeDown(): Promise<void> {
    for (const task of [...this.tasks.values()].reverse()) {
      try {
        await task.teardown?.(task.resource)
      } catch (error) {
        this.#log.error({ task: task.name, err: errorData(error) }, 'the teardown of a task failed')
      }
    }
  }
}
