/**
 * Finds the metrics of a registry that a further source belongs to.
 */
import { parseOptions } from '@troupe/core'
import { type AnyRegistry, type Definition, Exposition } from './exposition.js'
import { MetricsOptions } from './metrics.options.js'

/** The metrics of one kind of source. */
export interface Kind<Stats> {
  readonly what: string
  readonly prefix: string
  readonly definitions: readonly Definition<Stats>[]
}

const expositions = new WeakMap<AnyRegistry, Map<string, Exposition<never>>>()

/** Registers the metrics of a source; returns what unregisters them. @throws {InvalidOptionsError} `INVALID_OPTIONS` */
export function expose<Stats>(kind: Kind<Stats>, stats: () => Stats, options: MetricsOptions): () => void {
  const {
    register,
    prefix = kind.prefix,
    labels,
  } = parseOptions(MetricsOptions, options, `the metrics of ${kind.what}`)
  const known = expositions.get(register) ?? new Map<string, Exposition<never>>()
  expositions.set(register, known)
  const name = `${kind.what} ${prefix}`
  const exposition = (known.get(name) as unknown as Exposition<Stats>) ?? new Exposition({ ...kind, prefix, register })
  known.set(name, exposition as unknown as Exposition<never>)
  return exposition.add(labels, stats)
}
