/**
 * Who suffers what, and after how many tasks: made up from a seed, and so the same when it is played again. Only where the
 * processes are by then is the machine's.
 */
import { type Seeded, seeded } from '../seeded.js'

/** What may befall one of several. */
export interface Misfortune {
  readonly name: string
  readonly victims: readonly object[]
  /** Nothing may befall these meanwhile. */
  readonly spared?: readonly object[]
  befall(victim: object, random: Seeded): Promise<void>
}

/** The same of each victim for each of these. */
export const misfortunesOf = <Victim extends object>(
  deeds: Readonly<Record<string, (victim: Victim, random: Seeded) => Promise<void>>>,
  victims: readonly Victim[],
  spared: readonly object[] = [],
): Misfortune[] =>
  Object.entries(deeds).map(([name, deed]) => {
    return { name, victims, spared, befall: (victim, random) => deed(victim as Victim, random) }
  })

export interface StoryTerms {
  readonly seed: number
  /** How many tasks there are at least. */
  readonly count: number
  /** How many misfortunes; each befalls somebody once before one does again. */
  readonly length: number
  readonly misfortunes: readonly Misfortune[]
  /** What a victim is called in the report. */
  readonly nameOf: (victim: object) => string
  /** Is told each misfortune as it begins and when it is over. */
  readonly log?: ((line: string) => void) | undefined
}

interface Scene {
  readonly name: string
  readonly victim: object
  /** Whom nothing else may befall meanwhile. */
  readonly busy: readonly object[]
  /** After how many tasks. */
  readonly at: number
  readonly play: () => Promise<void>
}

/** How many scenes the inputs may be ahead, so that the workers have something to do at each. */
const AHEAD = 2

export class Story {
  readonly #terms: StoryTerms
  readonly #scenes: readonly Scene[]
  readonly #busy = new Set<object>()
  /** How often each misfortune has befallen anybody, and whom how often. */
  readonly befell: Record<string, number> = {}
  readonly suffered: Record<string, number> = {}
  /** Misfortunes that did not come about. */
  readonly wrong: string[] = []
  #next = 0

  constructor(terms: StoryTerms) {
    this.#terms = terms
    this.#scenes = scenes(terms)
  }

  /** How many inputs there may be by now; beyond that they shall come slowly. */
  get allowed(): number {
    return (
      this.#scenes[this.#next + AHEAD]?.at ??
      (this.#next < this.#scenes.length ? this.#terms.count : Number.POSITIVE_INFINITY)
    )
  }

  /** Nothing befalls anybody any more. */
  get hasEnded(): boolean {
    return this.#next === this.#scenes.length && this.#busy.size === 0
  }

  /** Begins what is due after so many tasks, in order, and once its victim has recovered from the last. */
  advance(done: number): void {
    const scene = this.#scenes[this.#next]
    if (scene === undefined || done < scene.at || scene.busy.some((one) => this.#busy.has(one))) return
    this.#next++
    for (const one of scene.busy) this.#busy.add(one)
    void this.#play(scene).finally(() => {
      for (const one of scene.busy) this.#busy.delete(one)
    })
  }

  async #play({ name, victim, play }: Scene): Promise<void> {
    const who = this.#terms.nameOf(victim)
    this.#terms.log?.(`${who}: ${name}`)
    try {
      await play()
      this.befell[name] = (this.befell[name] ?? 0) + 1
      this.suffered[who] = (this.suffered[who] ?? 0) + 1
    } catch (error) {
      this.wrong.push(`${who}, ${name}: ${error instanceof Error ? error.message : error}`)
    }
    this.#terms.log?.(`${who}: ${name} is over`)
  }
}

function scenes({ seed, count, length, misfortunes }: StoryTerms): Scene[] {
  const random = seeded(seed)
  const possible = misfortunes.filter(({ victims }) => victims.length > 0)
  let deck: Misfortune[] = []
  return Array.from({ length }, (_, n) => {
    if (deck.length === 0) deck = [...possible]
    const [misfortune] = deck.splice(random.whole(0, deck.length - 1), 1) as [Misfortune]
    const victim = random.pick(misfortune.victims)
    // Its own, so that those that are underway at once do not mix.
    const own = seeded(random.whole(0, 2 ** 31))
    const at = Math.floor((count * (n + random())) / (length + 1))
    return {
      name: misfortune.name,
      victim,
      busy: [victim, ...(misfortune.spared ?? [])],
      at,
      play: () => misfortune.befall(victim, own),
    }
  })
}
