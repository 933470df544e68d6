/**
 * Starts the process of a contender of the farm.
 */
import type { Contender } from '../contender.js'
import { Host, type Order } from '../host.js'
import type { TaskKind } from '../work.js'

const MAIN = new URL('../host.main.js', import.meta.url)

/** Resolves when its workers take tasks. */
export const startWith =
  (task: TaskKind, workers: number) =>
  ({ name }: Contender): Promise<Host<Order>> =>
    Host.start(name, MAIN, [name, task, String(workers)])
