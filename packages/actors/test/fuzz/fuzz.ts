/**
 * Mutated messages for decoders, as many as are wanted, the same ones from one seed.
 */
import { seeded } from '@troupe/testing/seeded'
import type { Decoder } from './decoders.js'
import { mutated, type Parts } from './mutation.js'

/** A decode that takes longer hangs whoever reads. */
const HANGS_MS = 1_000
/** Frames between two looks at the memory. */
const LOOK_EVERY = 1_024

export interface Fuzzed {
  readonly name: string
  readonly frames: number
  readonly taken: number
  readonly refused: number
  readonly seconds: number
  /** The largest resident memory of this process meanwhile, in MiB. */
  readonly mostMiB: number
  /** What was wrong: what happened, and the message, in hexadecimal. */
  readonly guilty: { readonly why: string; readonly parts: readonly string[]; readonly number: number } | undefined
}

/** Each mutated message has a seed of its own, so that one can be made again without those before it. */
export const messageOf = (corpus: readonly Parts[], seed: number, number: number): Parts => {
  const random = seeded(seed * 1_000_003 + number)
  return mutated(random, random.pick(corpus), random.pick(corpus))
}

export function fuzz(decoder: Decoder, frames: number, seed: number): Fuzzed {
  const began = performance.now()
  let [taken, mostMiB] = [0, 0]
  let guilty: Fuzzed['guilty']
  let number = 0
  for (; number < frames && guilty === undefined; number++) {
    const parts = messageOf(decoder.corpus, seed, number)
    const startMs = performance.now()
    let why: string | undefined
    try {
      if (decoder.take(parts)) taken++
    } catch (error) {
      why = `it threw ${error instanceof Error ? error.stack : String(error)}`
    }
    const tookMs = performance.now() - startMs
    why ??= tookMs > HANGS_MS ? `it took ${Math.round(tookMs)} ms` : changedPrototype()
    if (why !== undefined) guilty = { why, number, parts: parts.map((part) => Buffer.from(part).toString('hex')) }
    if (number % LOOK_EVERY === 0) mostMiB = Math.max(mostMiB, process.memoryUsage.rss() / 2 ** 20)
  }
  const seconds = (performance.now() - began) / 1_000
  return { name: decoder.name, frames: number, taken, refused: number - taken, seconds, mostMiB, guilty }
}

const PROTOTYPES = [Object.prototype, Array.prototype, Function.prototype, Error.prototype, Map.prototype]
const OWN = PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype).length)

/** What has become of the prototypes that all share, if anything. */
export function changedPrototype(): string | undefined {
  for (const key in {}) return `Object.prototype has ${key}`
  for (const [index, prototype] of PROTOTYPES.entries()) {
    if (Reflect.ownKeys(prototype).length !== OWN[index]) return `${prototype.constructor.name}.prototype has changed`
  }
  return undefined
}
