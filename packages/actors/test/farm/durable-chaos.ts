/**
 * A durable map whose workers and whose own process are killed with SIGKILL at random, and which is started again until it is
 * done. Then it is looked at from the outside: the output, the journal, the processes. A seed makes the same choices again;
 * where the processes are by then is the machine's.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { LevelJournal, type RunSummary, summarizeRun } from '@troupe/actors/farm'
import { isAlive } from '@troupe/testing/is-alive'
import { type Seeded, seeded } from '@troupe/testing/seeded'

const PROGRAM = fileURLToPath(new URL('./fixtures/durable-program.mjs', import.meta.url))
/** A life that does nothing any more for so long is wrong, in ms. */
const LIFE_MS = 120_000
/** About how long a line of the output is. */
const BYTES_EACH = 9
/** A task that is alone at three deaths is poisoned: so many in one life never poison any. */
const WORKERS_KILLED = 2
/** How long workers may outlive their farm, in ms. */
const ORPHANED_MS = 15_000

export interface DurableChaosTerms {
  readonly seed: number
  /** An empty folder. */
  readonly folder: string
  /** How often the program is killed before it may end. */
  readonly deaths: number
  /** How many inputs. Default: by the seed. */
  readonly count?: number
}

export interface DurableChaos {
  readonly count: number
  readonly deaths: number
  readonly workersKilled: number
  /** What is not as it should be; empty if nothing is. */
  readonly wrong: readonly string[]
}

interface Story {
  readonly count: number
  readonly bytes: number
  readonly way: 'map' | 'mapUnordered'
  readonly workers: number
  readonly sync: boolean
  /** After how many outcomes it acknowledges. */
  readonly every: number
  readonly journal: string
  readonly output: string
}

/** What a life said when it ended by itself. */
interface Report {
  readonly found: { accepted: number; done: number; failed: number; taken: number; lines: number }
  readonly given: number
  readonly ran: number
  readonly failure?: { readonly code: string; readonly message: string }
}

export async function durableChaos({ seed, folder, deaths, count }: DurableChaosTerms): Promise<DurableChaos> {
  const random = seeded(seed)
  const story = storyOf(random, folder, count)
  const temporary: string[] = []
  const pids = new Set<number>()
  let died = 0
  let workersKilled = 0
  let report: Report | undefined
  while (report === undefined) {
    const own = join(folder, `tmp-${died}`)
    const life = new Life(story, own, pids)
    try {
      if (died < deaths) workersKilled += await life.disturb(random)
      report = await life.ended()
    } finally {
      life.kill()
    }
    if (life.hasStarted) temporary.push(own)
    if (report === undefined && ++died > deaths) throw new Error(`seed ${seed}: it was killed by somebody else`)
  }
  const wrong = [...wrongOutput(story), ...wrongReport(story, report), ...(await wrongJournal(story))]
  return { count: story.count, deaths: died, workersKilled, wrong: [...wrong, ...(await left(pids, temporary))] }
}

function storyOf(random: Seeded, folder: string, count = random.whole(1_000, 20_000)): Story {
  return {
    count,
    bytes: random.pick([0, 10, 1_000]),
    way: random.pick(['map', 'mapUnordered'] as const),
    workers: random.whole(2, 3),
    sync: random.chance(0.2),
    every: random.pick([1, 7, 100]),
    journal: join(folder, 'journal'),
    output: join(folder, 'output'),
  }
}

/** The program, from its start to its end. */
class Life {
  readonly #story: Story
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  #workers: readonly number[] = []
  #report: Report | undefined

  constructor(story: Story, temporary: string, pids: Set<number>) {
    this.#story = story
    mkdirSync(temporary)
    this.#child = spawn(process.execPath, [PROGRAM, JSON.stringify(story)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: temporary },
    })
    pids.add(this.#child.pid!)
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const said = JSON.parse(line) as { readonly workers: number[] } | Report
      if ('workers' in said) this.#workers = said.workers
      else this.#report = said
      for (const pid of this.#workers) pids.add(pid)
    })
    this.#closed = new Promise((resolve) => this.#child.once('close', resolve))
  }

  /** What is killed while it starts may leave its folder: nobody else knows of it yet. */
  get hasStarted(): boolean {
    return this.#workers.length > 0
  }

  /** Kills some of its workers and then itself, unless it has ended by then. Says how many workers were killed. */
  async disturb(random: Seeded): Promise<number> {
    let killed = 0
    if (random.chance(0.25)) await this.#until(() => false, random.whole(0, 1_500))
    else {
      await this.#until(() => this.#workers.length > 0)
      for (let left = random.whole(0, WORKERS_KILLED); left > 0; left--) {
        await this.#grows(random)
        if (kill(random.pick(this.#workers))) killed++
      }
      await this.#grows(random)
    }
    this.kill()
    return killed
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** What it reported when it ended by itself; undefined when it was killed by `disturb`. */
  async ended(): Promise<Report | undefined> {
    const timer = setTimeout(() => this.#child.kill('SIGABRT'), LIFE_MS)
    await this.#closed
    clearTimeout(timer)
    const { exitCode, signalCode } = this.#child
    if (exitCode === 0 || signalCode === 'SIGKILL') return exitCode === 0 ? this.#report : undefined
    throw new Error(`a life ended with ${exitCode ?? signalCode}: ${JSON.stringify(this.#story)}`)
  }

  /** Waits until its output has grown by a random share of what it will be. */
  async #grows(random: Seeded): Promise<void> {
    const { count, output } = this.#story
    const size = () => statSync(output, { throwIfNoEntry: false })?.size ?? 0
    const wanted = size() + (random.whole(0, 120) / 1_000) * count * BYTES_EACH
    if (!(await this.#until(() => size() >= wanted)) && this.#child.exitCode === null)
      throw new Error(`nothing moves any more: ${JSON.stringify(this.#story)}`)
  }

  /** Whether it is so, before its end and before so long. */
  async #until(isSo: () => boolean, ms = LIFE_MS): Promise<boolean> {
    const endMs = performance.now() + ms
    while (!isSo() && this.#child.exitCode === null && performance.now() < endMs) await delay(2)
    return isSo()
  }
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}

const failsFor = (n: number): boolean => n % 101 === 7
/** The length of its text, or the code of its failure. */
const outcomeFor = (n: number, bytes: number) => (failsFor(n) ? 'TASK_FAILED' : `${n} `.length + bytes)

function wrongOutput({ count, bytes, way, output }: Story): string[] {
  const lines = readFileSync(output, 'utf8').split('\n').slice(0, -1)
  const seen = new Uint8Array(count)
  const wrong: string[] = []
  for (const [at, line] of lines.entries()) {
    const [n, outcome] = JSON.parse(line) as [number, number | string]
    if (outcome !== outcomeFor(n, bytes)) wrong.push(`the outcome of ${n} is ${outcome}`)
    if (seen[n]!++ > 0) wrong.push(`${n} came twice`)
    if (way === 'map' && n !== at) wrong.push(`${n} stands at ${at}`)
  }
  for (let n = 0; n < count; n++) if (seen[n] === 0) wrong.push(`${n} did not come`)
  return wrong
}

function wrongReport({ count }: Story, { found, given, ran, failure }: Report): string[] {
  const wrong: string[] = []
  if (failure !== undefined) wrong.push(`it failed: ${failure.message}`)
  if (found.lines !== found.taken) wrong.push(`${found.taken} were taken, and ${found.lines} lines stood in the output`)
  if (given !== count - found.taken) wrong.push(`${given} were given of ${count - found.taken}`)
  const toRun = count - found.done - found.failed
  if (ran !== toRun) wrong.push(`${ran} were run in the last life, and ${toRun} had no outcome`)
  return wrong
}

async function wrongJournal({ count, journal: path }: Story): Promise<string[]> {
  await using journal = new LevelJournal({ path, create: false })
  const { damage } = await journal.claim()
  const [run] = await journal.runs()
  await journal.open(run!)
  const { accepted, done, failed, taken }: RunSummary = await summarizeRun(journal, run!.name)
  const failing = Array.from({ length: count }, (_, n) => n).filter(failsFor).length
  const wanted = { accepted: count, done: count - failing, failed: failing, taken: count, damage: undefined }
  const [is, should] = [JSON.stringify({ accepted, done, failed, taken, damage }), JSON.stringify(wanted)]
  return is === should ? [] : [`the journal says ${is}, and should ${should}`]
}

/** Processes and files that are left, when they have had time to go. */
async function left(pids: ReadonlySet<number>, temporary: readonly string[]): Promise<string[]> {
  const byMs = performance.now() + ORPHANED_MS
  const alive = () => [...pids].filter(isAlive)
  const files = () => temporary.flatMap((path) => readdirSync(path).map((file) => join(path, file)))
  while (alive().length + files().length > 0 && performance.now() < byMs) await delay(20)
  return [...alive().map((pid) => `process ${pid} is left`), ...files().map((file) => `${file} is left`)]
}
