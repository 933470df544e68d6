/**
 * The options of metrics.
 */
import { register as globalRegister } from 'prom-client'
import { z } from 'zod'
import type { AnyRegistry } from './exposition.js'

/** Labels that the metrics have themselves. */
const TAKEN = /^(outcome|state|quantile|__.*)$/

export const MetricsOptions = z.strictObject({
  /** Where they are registered. Default: the global registry of prom-client. */
  register: z
    .custom<AnyRegistry>(
      (value) => typeof (value as AnyRegistry | null)?.registerMetric === 'function',
      'must be a Registry of prom-client',
    )
    .default(() => globalRegister),
  /** Stands before each name. Default: 'troupe_farm_', 'troupe_service_'. */
  prefix: z
    .string()
    .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'must be the beginning of a name of Prometheus')
    .optional(),
  /** Stand at each series. Where a registry has several of a kind, all have the same names and no two the same values. */
  labels: z
    .record(
      z
        .string()
        .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'must be the name of a label')
        .refine((name) => !TAKEN.test(name), 'is a label that the metrics have themselves'),
      z.string(),
    )
    .default({}),
})

export type MetricsOptions = z.input<typeof MetricsOptions>
