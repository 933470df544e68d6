/**
 * The farm of the play, in a process of its own that is started again whenever it dies, with its journal, at the same endpoint.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { eventually } from '@troupe/testing/chaos'
import type { Seeded } from '@troupe/testing/seeded'

const PROGRAM = fileURLToPath(new URL('../fixtures/chaos-farm.mjs', import.meta.url))
/** How long nothing may be done, in ms. */
const LONGEST_MS = 60_000

export interface FarmProgramTerms {
  readonly count: number
  readonly endpoint: string
  readonly journal: string
  readonly output: string
}

/** What a life said when it ended by itself. */
export interface Report {
  readonly found: { accepted: number; done: number; failed: number; taken: number; lines: number }
  readonly given: number
  readonly read: number
  readonly stats: Readonly<Record<'done' | 'failed' | 'cancelled' | 'pending' | 'held' | 'redelivered', number>>
}

export class FarmProgram implements AsyncDisposable {
  readonly #terms: FarmProgramTerms
  readonly #killChild = () => void this.#child.kill('SIGKILL')
  /** All processes that it has had. */
  readonly pids = new Set<number>()
  readonly wrong: string[] = []
  #child!: ChildProcess
  #closed!: Promise<unknown>
  #isReady = false
  #isEnding = false
  #allowed = 0
  #written = 0
  #movedMs = performance.now()
  #report: Report | undefined

  constructor(terms: FarmProgramTerms) {
    this.#terms = terms
    // It must not outlive this process.
    process.on('exit', this.#killChild)
    this.#run()
  }

  /** How many results stand in its output. */
  get written(): number {
    return this.#written
  }

  get report(): Report | undefined {
    return this.#report
  }

  allow(upTo: number): void {
    if (upTo <= this.#allowed) return
    this.#allowed = upTo
    this.#tell()
  }

  ready(): Promise<unknown> {
    return eventually('the farm runs', () => this.#isReady)
  }

  /** Kills it with -9; resolves when its next life goes on. */
  async kill(): Promise<void> {
    await this.ready()
    this.#isReady = false
    this.#child.kill('SIGKILL')
    await this.ready()
  }

  async stopFor(ms: number): Promise<void> {
    await this.ready()
    this.#child.kill('SIGSTOP')
    await delay(ms)
    this.#child.kill('SIGCONT')
  }

  /** @throws {Error} when nothing was written for so long that it cannot be for what befell anybody */
  assertMoving(): void {
    if (performance.now() - this.#movedMs > LONGEST_MS) throw new Error(`the farm stands at ${this.#written} results`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true
    this.#child.kill('SIGKILL')
    await this.#closed
    process.off('exit', this.#killChild)
  }

  #run(): void {
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify(this.#terms)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child = child
    this.pids.add(child.pid!)
    // It may be dead when it is told something.
    child.stdin.on('error', () => undefined)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as { readonly written: number } | Report
      if ('written' in said) this.#go(said.written)
      else this.#report = said
    })
    this.#closed = once(child, 'close').then(([code, signal]) => {
      if (this.#isEnding || this.#report !== undefined) return
      if (signal !== 'SIGKILL') this.wrong.push(`the farm ended with ${code ?? signal}`)
      this.#run()
    })
  }

  #go(written: number): void {
    if (written !== this.#written) this.#movedMs = performance.now()
    this.#written = written
    if (this.#isReady) return
    this.#isReady = true
    this.#tell()
  }

  #tell(): void {
    if (this.#isReady)
      this.#child.stdin!.write(this.#allowed === Number.POSITIVE_INFINITY ? 'end\n' : `${this.#allowed}\n`)
  }
}

/** What can befall it. */
export const FARM_DEEDS = {
  'farm killed with -9, and resumed': (farm: FarmProgram) => farm.kill(),
  'farm stopped for a while': (farm: FarmProgram, random: Seeded) => farm.stopFor(random.whole(50, 900)),
}
