/**
 * Supervisors on a stage: a clock that stands still, children that end when they are told to, and a journal of what was
 * done to them. What a test leaves running is killed, and must leave no timer.
 */
import {
  type ChildSpec,
  type Exit,
  type ShutdownTime,
  type StartContext,
  type Supervised,
  Supervisor,
  type SupervisorNotice,
  type SupervisorOptions,
} from '@troupe/actors/supervisor'
import { deferred, type Logger, SimulatedClock, TroupeError } from '@troupe/core'
import { afterEach, expect } from 'vitest'

/** Why a child failed, in tests. */
export const CRASH = new TroupeError('ACTOR_FAILED', 'it crashed')
export const failed: Exit = { reason: 'failed', error: CRASH }
export const EXITS: readonly Exit[] = [{ reason: 'normal' }, { reason: 'shutdown' }, { reason: 'killed' }, failed]

/** Resolves when all has happened that can happen without time going by. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
export const never = () => new Promise<never>(() => undefined)

/** How a child behaves. By default it starts at once, ends at once when it is asked to, and when it is killed. */
export interface Manners {
  readonly start?: (context: StartContext) => Promise<unknown>
  readonly stop?: (child: FakeChild) => Promise<void>
  readonly kill?: (child: FakeChild) => void
}

/** It takes note that it is to stop, and ends when the test says so. */
export const slow: Manners = { stop: async (child) => void (await child.exit) }
/** It does not listen to `stop`. */
export const deaf: Manners = { stop: never }
/** It cannot be ended. */
export const undying: Manners = { stop: never, kill: () => undefined }

export class FakeChild implements Supervised {
  readonly #exit = deferred<Exit>()
  readonly #manners: Manners
  readonly #note: (what: string) => void
  /** The time that it was given by each call of `stop`. */
  readonly given: (ShutdownTime | undefined)[] = []

  constructor(manners: Manners, note: (what: string) => void) {
    this.#manners = manners
    this.#note = note
    void this.exit.then(({ reason }) => note(reason))
  }

  get exit(): Promise<Exit> {
    return this.#exit.promise
  }

  end(exit: Exit): void {
    this.#exit.resolve(exit)
  }

  stop({ timeoutMs }: { readonly timeoutMs?: ShutdownTime | undefined } = {}): Promise<void> {
    this.#note('stop')
    this.given.push(timeoutMs)
    if (this.#manners.stop !== undefined) return this.#manners.stop(this)
    this.end({ reason: 'shutdown' })
    return Promise.resolve()
  }

  kill(): void {
    this.#note('kill')
    if (this.#manners.kill !== undefined) this.#manners.kill(this)
    else this.end({ reason: 'killed' })
  }
}

const stages = new Set<Stage>()

export class Stage {
  readonly clock = new SimulatedClock()
  readonly #journal: string[] = []
  readonly #incarnations = new Map<string, FakeChild[]>()
  readonly #supervisors: Supervisor[] = []
  /** What each start was given. */
  readonly contexts: StartContext[] = []
  /** What was logged: the level and the text. */
  readonly logged: string[] = []

  constructor() {
    stages.add(this)
  }

  /** The spec of a child. */
  spec(id: string, rules: Partial<ChildSpec> = {}, manners: Manners = {}): ChildSpec {
    const start = async (context: StartContext) => {
      this.note(`${id} start`)
      this.contexts.push(context)
      await manners.start?.(context)
      const child = new FakeChild(manners, (what) => this.note(`${id} ${what}`))
      this.#incarnations.set(id, [...(this.#incarnations.get(id) ?? []), child])
      return child
    }
    return { id, start, ...rules }
  }

  async open(children: ChildSpec[], options: SupervisorOptions = {}): Promise<Supervisor> {
    const supervisor = await Supervisor.start({ clock: this.clock, log: this.#log(), children, ...options })
    this.#supervisors.push(supervisor)
    this.journal()
    return supervisor
  }

  /** The incarnation of a child that was started last. */
  child(id: string): FakeChild {
    return this.incarnations(id).at(-1)!
  }

  incarnations(id: string): readonly FakeChild[] {
    return this.#incarnations.get(id) ?? []
  }

  /** Ends a child, and lets what follows at once follow: without a backoff, its restart. */
  async end(id: string, exit: Exit = failed): Promise<void> {
    this.child(id).end(exit)
    await settled()
    await this.advance(0)
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms)
    await settled()
  }

  note(what: string): void {
    this.#journal.push(what)
  }

  /** What was done since it was last asked. */
  journal(): string[] {
    return this.#journal.splice(0)
  }

  async close(): Promise<void> {
    for (const supervisor of this.#supervisors) supervisor.kill()
    await settled()
    for (let ms = 0; ms < 60_000 && this.clock.pending > 0; ms += 1_000) await this.advance(1_000)
    const states = this.#supervisors.map(({ state }) => state)
    expect(states.filter((state) => state !== 'stopped' && state !== 'failed')).toEqual([])
    expect(this.clock.pending, 'timers that are left').toBe(0)
  }

  #log(): Logger {
    const at =
      (level: string) =>
      (...said: unknown[]) =>
        this.logged.push(`${level}: ${said.at(-1)}`)
    const log = { child: () => log, info: at('info'), warn: at('warn'), error: at('error') }
    return log as unknown as Logger
  }
}

/** Collects what a supervisor tells, in short. */
export function noticesOf(supervisor: Supervisor): string[] {
  const told: string[] = []
  supervisor.subscribe((notice) => told.push(`${notice.id} ${inShort(notice)}`))
  return told
}

function inShort(notice: SupervisorNotice): string {
  if (notice.type === 'exited') return `exited: ${notice.exit.reason}`
  if (notice.type === 'restarting') return `restarting in ${notice.delayMs}`
  return notice.type
}

/** Whether a promise is settled by now. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let is = false
  const note = () => {
    is = true
  }
  promise.then(note, note)
  await settled()
  return is
}

afterEach(async () => {
  const opened = [...stages]
  stages.clear()
  for (const stage of opened) await stage.close()
})
