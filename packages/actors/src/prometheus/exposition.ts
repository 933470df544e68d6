/**
 * What several sources of the same kind tell as one set of metrics: each metric stands once in a registry, with a series for
 * each source, and is read when it is scraped.
 */
import { InvalidOptionsError } from '@troupe/core'
import {
  Counter,
  Gauge,
  type OpenMetricsContentType,
  type PrometheusContentType,
  type Registry,
  Summary,
} from 'prom-client'

/** A registry, whichever of the two formats it writes. */
export type AnyRegistry = Registry<PrometheusContentType> | Registry<OpenMetricsContentType>
export type Labels = Readonly<Record<string, string>>

/** What a metric says of a source. */
export type Definition<Stats> = {
  /** Without the prefix. */
  readonly name: string
  readonly help: string
} & (
  | { readonly type: 'gauge' | 'counter'; readonly value: (stats: Stats) => number }
  | {
      readonly type: 'gauge' | 'counter'
      /** By the values of a label of its own. */
      readonly label: string
      readonly values: (stats: Stats) => Readonly<Record<string, number>>
    }
  | { readonly type: 'summary'; readonly times: (stats: Stats) => Times }
)

/** Times in ms, of which those at the shares are given. */
export interface Times {
  readonly count: number
  readonly sumMs: number
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
}

interface Source<Stats> {
  readonly labels: Labels
  read(): Stats
}

export interface ExpositionTerms<Stats> {
  /** What a source is, for errors. */
  readonly what: string
  readonly prefix: string
  readonly register: AnyRegistry
  readonly definitions: readonly Definition<Stats>[]
}

export class Exposition<Stats> {
  readonly #terms: ExpositionTerms<Stats>
  readonly #sources = new Set<Source<Stats>>()
  #metrics: (Counter | Gauge | Summary)[] = []

  constructor(terms: ExpositionTerms<Stats>) {
    this.#terms = terms
  }

  /** Adds a source; returns what removes it, and with the last one the metrics. @throws {InvalidOptionsError} */
  add(labels: Labels, stats: () => Stats): () => void {
    this.#assertFits(labels)
    if (this.#isGone()) this.#registerAll(Object.keys(labels))
    const source = { labels, read: readOnce(stats) }
    this.#sources.add(source)
    return () => {
      if (this.#sources.delete(source) && this.#sources.size === 0) this.#unregister()
    }
  }

  #assertFits(labels: Labels): void {
    const [other] = this.#sources
    if (other === undefined) return
    const refuse = (message: string) => this.#refusal('labels', message)
    const names = Object.keys(other.labels)
    const own = Object.keys(labels)
    if (own.length !== names.length || names.some((name) => !Object.hasOwn(labels, name))) {
      throw refuse(`must have the names of those that are registered there already: ${names.join(', ') || 'none'}`)
    }
    for (const source of this.#sources) {
      if (names.every((name) => source.labels[name] === labels[name])) throw refuse('are those of another one already')
    }
  }

  /** Also when the registry was cleared by its owner. */
  #isGone(): boolean {
    const [first] = this.#metrics
    return (
      first === undefined || this.#terms.register.getSingleMetric(this.#nameOf(this.#terms.definitions[0]!)) !== first
    )
  }

  #nameOf({ name }: { readonly name: string }): string {
    return `${this.#terms.prefix}${name}`
  }

  /** All of them, or none. */
  #registerAll(labelNames: readonly string[]): void {
    const { register, definitions } = this.#terms
    this.#unregister()
    const names = definitions.map((definition) => this.#nameOf(definition))
    const taken = names.filter((name) => register.getSingleMetric(name) !== undefined)
    if (taken.length > 0) {
      throw this.#refusal('prefix', `makes names that others have in the registry already: ${taken.join(', ')}`)
    }
    try {
      for (const definition of definitions) this.#metrics.push(this.#register(definition, labelNames))
    } catch (error) {
      this.#unregister()
      throw error
    }
  }

  #register(definition: Definition<Stats>, labelNames: readonly string[]): Counter | Gauge | Summary {
    const sources = this.#sources
    const terms = { name: this.#nameOf(definition), help: definition.help, registers: [this.#terms.register] }
    if (definition.type === 'summary')
      return new TimesSummary({ ...terms, labelNames }, () => timesOf(definition, sources))
    const own = 'label' in definition ? [definition.label] : []
    return definition.type === 'gauge'
      ? new Gauge({
          ...{ ...terms, labelNames: [...labelNames, ...own] },
          collect() {
            this.reset()
            for (const [labels, value] of samplesOf(definition, sources)) this.set(labels, value)
          },
        })
      : new Counter({
          ...{ ...terms, labelNames: [...labelNames, ...own] },
          collect() {
            this.reset()
            for (const [labels, value] of samplesOf(definition, sources)) this.inc(labels, value)
          },
        })
  }

  /** What is there under their names and is not of here stays. */
  #unregister(): void {
    const { register, definitions } = this.#terms
    for (const [place, metric] of this.#metrics.entries()) {
      const name = this.#nameOf(definitions[place]!)
      if (register.getSingleMetric(name) === metric) register.removeSingleMetric(name)
    }
    this.#metrics = []
  }

  #refusal(path: 'labels' | 'prefix', message: string): InvalidOptionsError {
    return new InvalidOptionsError(`the metrics of ${this.#terms.what}`, [{ path, message }])
  }
}

/** The stats are read once for all metrics of a scrape, so that they agree. */
function readOnce<Stats>(stats: () => Stats): () => Stats {
  let read: { readonly stats: Stats } | undefined
  return () => {
    if (read === undefined) {
      read = { stats: stats() }
      queueMicrotask(() => {
        read = undefined
      })
    }
    return read.stats
  }
}

type Valued<Stats> = Exclude<Definition<Stats>, { readonly type: 'summary' }>
type Timed<Stats> = Extract<Definition<Stats>, { readonly type: 'summary' }>

function* samplesOf<Stats>(definition: Valued<Stats>, sources: Iterable<Source<Stats>>): Generator<[Labels, number]> {
  for (const { labels, read } of sources) {
    if (!('label' in definition)) yield [labels, definition.value(read())]
    else {
      const { label, values } = definition
      for (const [value, count] of Object.entries(values(read()))) yield [{ ...labels, [label]: value }, count]
    }
  }
}

const timesOf = <Stats>({ times }: Timed<Stats>, sources: Iterable<Source<Stats>>) =>
  Array.from(sources, ({ labels, read }) => ({ labels, times: times(read()) }))

/** A summary whose quantiles are given, not made of what it was told. */
class TimesSummary extends Summary {
  readonly #read: () => ReturnType<typeof timesOf>
  readonly #name: string

  constructor(terms: ConstructorParameters<typeof Summary>[0], read: () => ReturnType<typeof timesOf>) {
    super(terms)
    this.#name = terms.name
    this.#read = read
  }

  override async get(): ReturnType<Summary['get']> {
    const values = this.#read().flatMap(({ labels, times: { count, sumMs, p50Ms, p99Ms } }) => [
      { labels: { ...labels, quantile: 0.5 }, value: secondsOf(p50Ms) },
      { labels: { ...labels, quantile: 0.99 }, value: secondsOf(p99Ms) },
      { metricName: `${this.#name}_sum`, labels, value: sumMs / 1_000 },
      { metricName: `${this.#name}_count`, labels, value: count },
    ])
    return { ...(await super.get()), values }
  }
}

const secondsOf = (ms: number | undefined): number => (ms === undefined ? Number.NaN : ms / 1_000)
