/**
 * The stats of a farm as metrics of Prometheus.
 */
import type { Farm } from '../farm/farm.js'
import type { FarmStats } from '../farm/farm-stats.js'
import { expose, type Kind } from './expose.js'
import type { MetricsOptions } from './metrics.options.js'

const FARM: Kind<FarmStats> = {
  what: 'a farm',
  prefix: 'troupe_farm_',
  definitions: [
    { name: 'tasks_pending', type: 'gauge', help: 'Tasks that no worker has.', value: ({ pending }) => pending },
    { name: 'tasks_held', type: 'gauge', help: 'Tasks that workers have.', value: ({ held }) => held },
    {
      ...{ name: 'tasks_total', type: 'counter', help: 'Tasks that have ended, by how.', label: 'outcome' },
      values: ({ done, failed, cancelled }) => ({ done, failed, cancelled }),
    },
    {
      ...{ name: 'tasks_dispatched_total', type: 'counter', help: 'Times that a task was given to a worker.' },
      value: ({ dispatched }) => dispatched,
    },
    {
      ...{ name: 'tasks_retried_total', type: 'counter', help: 'Tries that failed and were tried again.' },
      value: ({ retried }) => retried,
    },
    {
      ...{ name: 'tasks_redelivered_total', type: 'counter', help: 'Tasks that were taken from a dead worker.' },
      value: ({ redelivered }) => redelivered,
    },
    {
      ...{ name: 'tasks_speculated_total', type: 'counter', help: 'Second runs of stragglers that were begun.' },
      value: ({ speculated }) => speculated,
    },
    {
      ...{ name: 'connections_denied_total', type: 'counter', help: 'Connections and workers that were refused.' },
      value: ({ denied }) => denied,
    },
    {
      ...{ name: 'messages_stray_total', type: 'counter', help: 'Messages that were not of a worker of the farm.' },
      value: ({ strays }) => strays,
    },
    {
      ...{ name: 'task_run_seconds', type: 'summary', help: 'How long tries run in their workers.' },
      times: ({ runTime }) => runTime,
    },
    {
      ...{ name: 'task_queue_seconds', type: 'summary', help: 'How long tasks wait to be sent to a worker.' },
      times: ({ queueTime }) => queueTime,
    },
    {
      ...{ name: 'workers', type: 'gauge', help: 'Workers, by what they do.', label: 'state' },
      values: ({ workerStates }) => workerStates,
    },
    {
      ...{
        name: 'workers_memory_bytes',
        type: 'gauge',
        help: 'Memory that the workers say they use, of all together.',
      },
      value: ({ workers }) => workers.reduce((sum, { memoryMiB = 0 }) => sum + memoryMiB * 2 ** 20, 0),
    },
    {
      ...{ name: 'worker_restarts_total', type: 'counter', help: 'Workers that were replaced because they had ended.' },
      value: ({ restarts }) => restarts,
    },
    {
      ...{
        name: 'workers_recycled_total',
        type: 'counter',
        help: 'Workers that were replaced because they were worn.',
      },
      value: ({ recycled }) => recycled,
    },
    { name: 'paused', type: 'gauge', help: '1 while the farm is paused.', value: ({ paused }) => Number(paused) },
    { name: 'draining', type: 'gauge', help: '1 while the farm drains.', value: ({ draining }) => Number(draining) },
  ],
}

/**
 * Registers the stats of a farm as metrics of prom-client, read when they are scraped; returns what unregisters them. Several
 * farms may be in one registry, told apart by their labels.
 * @throws {TroupeError} `INVALID_OPTIONS`
 * @example
 * const unregister = farmMetrics(farm, { labels: { farm: 'digests' } })
 */
export const farmMetrics = (farm: Farm, options: MetricsOptions = {}): (() => void) =>
  expose(FARM, () => farm.stats(), options)
