/**
 * Durable maps that die at any step, as functions: a farm that settles its tasks in any order, a journal that stops for ever in
 * the middle of an append, a reader with an output that is cut to its note. All from a seed: DURABLE_SEEDS=2000 runs more of
 * them.
 */
import { type JournalEntry, MemoryJournal, type RunIdentity } from '@troupe/actors/farm'
import type { TroupeError } from '@troupe/core'
import { type Seeded, seeded } from '@troupe/testing/seeded'
import { expect, it } from 'vitest'
import { DurableRun } from '../../dist/farm/durable/durable-run.js'
import { TaskFailedError } from '../../dist/farm/farm-errors.js'
import { indexesOf } from '../../dist/farm/journal/ranges.js'
import { Entry, type TaskOwner } from '../../dist/farm/ledger.js'
import { MapRun } from '../../dist/farm/map-run.js'
import { lineOf } from './staged-dispatcher.js'

const SEEDS = Number(process.env.DURABLE_SEEDS ?? 100)
const IDENTITY: RunIdentity = { name: 'run', task: 'double', schema: 'x' }
const LINE = lineOf('double', 0.01)

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** The journal of one life: after so many appends it neither writes nor answers, as one whose process was killed. */
class MortalJournal extends MemoryJournal {
  /** The inputs whose outcomes are written, in this life and those before it. */
  readonly written: Set<number>

  constructor(
    private readonly store: MemoryJournal,
    private appendsLeft: number,
    written: ReadonlySet<number>,
  ) {
    super()
    this.written = new Set(written)
  }

  override open = (identity: RunIdentity) => this.store.open(identity)
  override scan = (run: string) => this.store.scan(run)
  override read = (run: string, place: number) => this.store.read(run, place)
  override compact = (run: string) => this.store.compact(run)
  override async append(run: string, entries: readonly JournalEntry[]): Promise<void> {
    if (this.appendsLeft-- <= 0) return new Promise(() => undefined)
    await turn()
    await this.store.append(run, entries)
    for (const entry of entries) {
      if (entry.kind === 'failed') this.written.add(entry.index)
      if (entry.kind === 'done') for (const index of indexesOf(entry.indexes)) this.written.add(index)
    }
  }
  override acknowledge: MemoryJournal['acknowledge'] = (run, indexes, note) =>
    this.append(run, [{ kind: 'taken', indexes, ...(note !== undefined && { note }) }])
}

interface Terms {
  readonly random: Seeded
  readonly ordered: boolean
  readonly count: number
  readonly window: number
  /** Which inputs fail, in every life. */
  readonly fails: (input: number) => boolean
}

/** One life of a map: its farm settles what is open in any order. */
class Life {
  readonly #terms: Terms
  readonly #open: Entry[] = []
  /** Which inputs were run to an outcome. */
  readonly ran: number[] = []
  readonly map: MapRun

  constructor(
    terms: Terms,
    readonly journal: MortalJournal,
  ) {
    this.#terms = terms
    const { count, ordered, window } = terms
    const inputs = Array.from({ length: count }, (_, n) => n)
    this.map = new MapRun(inputs, {
      ...{ line: LINE, ordered, settled: true, signal: undefined, updates: undefined, reorderWindow: window },
      speculate: undefined,
      useful: () => window,
      enter: (input: unknown, index: number, owner: TaskOwner) => new Entry(LINE, input, index, 0, 0, owner),
      accept: (entry: Entry) => {
        entry.owner.unheld++
        this.#open.push(entry)
      },
      cancelAll: () => undefined,
      durable: (events) =>
        new DurableRun(
          {
            journal,
            report: { isNew: true },
            identity: IDENTITY,
            keepsFailures: true,
            acknowledges: false,
            ended: () => undefined,
          },
          events,
        ),
      ended: () => undefined,
    } as ConstructorParameters<typeof MapRun>[1])
  }

  settleSome(): void {
    const { random, fails } = this.#terms
    for (let left = random.whole(0, 5); left > 0 && this.#open.length > 0; left--) {
      const [entry] = this.#open.splice(random.whole(0, this.#open.length - 1), 1)
      const input = entry!.input as number
      this.ran.push(input)
      entry!.owner.unheld--
      entry!.state = 'done'
      if (fails(input)) entry!.reason = new TaskFailedError(entry!.facts(), new Error(`no ${input}`))
      else entry!.raw = entry!.value = input * 2
      entry!.owner.settled(entry!)
    }
  }
}

async function outcomesIn(store: MemoryJournal): Promise<ReadonlySet<number>> {
  const written = new Set<number>()
  await store.open(IDENTITY)
  for await (const entry of store.scan(IDENTITY.name)) {
    if (entry.kind === 'failed') written.add(entry.index)
    if (entry.kind === 'done') for (const index of indexesOf(entry.indexes)) written.add(index)
  }
  return written
}

/** The reader's output: what stands beyond the note of the journal is cut off when the next life begins. */
interface Output {
  lines: string[]
}

/** Reads until the end, or until nothing moves any more: then it has died. */
async function live(life: Life, output: Output, random: Seeded): Promise<'ended' | 'died'> {
  const resumed = await life.map.resumed()
  output.lines.length = Number(resumed!.note ?? 0)
  let ended = false
  let moved = 0
  const reading = (async () => {
    for await (const outcome of life.map) {
      const one = outcome as { index: number; status: string; value?: number; reason?: TroupeError }
      expect(life.journal.written.has(one.index), `${one.index} is given, and is not written`).toBe(true)
      output.lines.push(`${one.index} ${one.status === 'fulfilled' ? one.value : one.reason!.code}`)
      moved++
      if (random.chance(0.25)) await life.map.acknowledge(String(output.lines.length))
    }
    await life.map.acknowledge(String(output.lines.length))
    ended = true
  })()
  for (let still = 0, seen = 0, ran = 0; still < 60 && !ended; ) {
    life.settleSome()
    await Promise.race([reading, turn()])
    still = moved === seen && life.ran.length === ran ? still + 1 : 0
    seen = moved
    ran = life.ran.length
  }
  return ended ? 'ended' : 'died'
}

it(`has each outcome in its output once, and runs nothing that was written, in ${SEEDS} lives and deaths from seeds`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seeded(seed)
    const count = random.whole(0, 699)
    const failing = 2 + random.whole(0, 19)
    const terms: Terms = {
      ...{ random, count, ordered: random.whole(0, 1) === 0, window: 1 + random.whole(0, 299) },
      fails: (input) => input % failing === 1,
    }
    const store = new MemoryJournal()
    await store.claim()
    const output: Output = { lines: [] }
    for (let lives = 1; ; lives++) {
      const last = lives > 6
      const written = await outcomesIn(store)
      const life = new Life(
        terms,
        new MortalJournal(store, last ? Number.POSITIVE_INFINITY : random.whole(0, 24), written),
      )
      const how = await live(life, output, random)
      expect(
        life.ran.filter((index) => written.has(index)),
        `seed ${seed}: what was written and run again`,
      ).toEqual([])
      if (how === 'ended') break
      expect(last, `seed ${seed}: it never ends`).toBe(false)
    }
    const wanted = Array.from({ length: count }, (_, n) => `${n} ${terms.fails(n) ? 'TASK_FAILED' : n * 2}`)
    const lines = terms.ordered
      ? output.lines
      : output.lines.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    expect(lines, `seed ${seed}`).toEqual(wanted)
  }
}, 120_000)
