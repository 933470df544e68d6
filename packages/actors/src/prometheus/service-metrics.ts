/**
 * The stats of a service as metrics of Prometheus.
 */
import type { AllServiceStats, Service } from '../rpc/server/service.js'
import { expose, type Kind } from './expose.js'
import type { MetricsOptions } from './metrics.options.js'

const SERVICE: Kind<AllServiceStats> = {
  what: 'a service',
  prefix: 'troupe_service_',
  definitions: [
    { name: 'calls_running', type: 'gauge', help: 'Calls that run.', value: ({ running }) => running },
    { name: 'calls_queued', type: 'gauge', help: 'Calls that wait to run.', value: ({ queued }) => queued },
    {
      ...{ name: 'calls_total', type: 'counter', help: 'Calls that have ended, by how.', label: 'outcome' },
      values: ({ done, failed, cancelled }) => ({ done, failed, cancelled }),
    },
    {
      ...{ name: 'calls_overloaded_total', type: 'counter', help: 'Calls refused as too many ran and waited.' },
      value: ({ overloaded }) => overloaded,
    },
    { name: 'sessions', type: 'gauge', help: 'Clients that have a session.', value: ({ sessions }) => sessions },
    { name: 'workers', type: 'gauge', help: 'Workers that serve.', value: ({ workers }) => workers.length },
    {
      ...{ name: 'worker_restarts_total', type: 'counter', help: 'Workers that were started again.' },
      value: ({ restarts }) => restarts,
    },
  ],
}

/**
 * Registers the stats of a service as metrics of prom-client, as {@link farmMetrics} does those of a farm.
 * @throws {TroupeError} `INVALID_OPTIONS`
 */
export const serviceMetrics = (service: Service, options: MetricsOptions = {}): (() => void) =>
  expose(SERVICE, () => service.stats, options)
