/**
 * A scenario with our supervisors, told as ../../erlang/supervisors.escript tells it.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { type ChildSpec, type Exit, type StartContext, type Supervised, Supervisor } from '@troupe/actors/supervisor'
import { TroupeError } from '@troupe/core'
import { Company, type Member, otpReason } from './company.js'
import type { Death, Plan, Scenario, Step, SupervisorPlan, WorkerPlan } from './scenario.js'
import { drawTree, isOver, isSettled } from './settled-tree.js'
import { Stage } from './stage.js'
import { StagedWorker } from './staged-worker.js'
import { TurnTaking } from './turn-taking.js'

/** So long that time plays no part. */
const PERIOD_MS = 1e9

/** Those of our codes that OTP has a word for; an error without a code of ours is what a scripted start raised. */
const RESULTS: Readonly<Partial<Record<string, string>>> = {
  CHILD_RUNNING: 'running',
  CHILD_RESTARTING: 'restarting',
  CHILD_EXISTS: 'exists',
  UNKNOWN_CHILD: 'not_found',
  ACTOR_FAILED: 'failed',
  INVALID_OPTIONS: 'failed',
}

/** What happens, line by line. */
export async function playOurs(scenario: Scenario): Promise<string[]> {
  const tree = new StagedTree()
  try {
    await tree.play(scenario)
  } catch (error) {
    tree.company.lines.push(`broken ${error}`)
  }
  return tree.company.lines
}

class StagedTree {
  readonly company = new Company()
  readonly #stage = new Stage(() => this.company.lines.length)
  /** Of those whose children do not wait for each other when they are restarted, as OTP's do. */
  readonly #turnTaking = new Map<Member, TurnTaking>()
  readonly #children = new Map<Member, Supervised>()

  async play({ root, steps, end }: Scenario): Promise<void> {
    const started = await this.#stage.over(this.#startSupervisor(root, undefined).then(undefined, () => undefined))
    if (started === undefined) {
      this.company.noteStrays(0)
      this.company.lines.push('result not started')
      return
    }
    await this.#report('ok', started)
    for (const step of steps) {
      if (isOver(started)) return
      await this.#report(await this.#stage.over(this.#do(step)), started)
    }
    if (isOver(started)) return
    if (end === 'kill') started.kill()
    else void started.stop()
    await this.#stage.over(started.exit)
    await this.#report('ok', started)
  }

  async #do(step: Step): Promise<string> {
    if (step.type === 'exit') return this.#exit(step.exits)
    const member = this.company.alive(step.supervisor)
    if (member === undefined) return 'skipped'
    const supervisor = this.#children.get(member) as Supervisor
    try {
      if (step.type === 'start') await supervisor.startChild(this.#spec(step.child, () => member))
      else if (step.type === 'terminate') await supervisor.stopChild(step.id)
      else if (step.type === 'restart') await supervisor.restartChild(step.id)
      else await supervisor.deleteChild(step.id)
      return 'ok'
    } catch (error) {
      return (error instanceof TroupeError && RESULTS[error.code]) || String(error)
    }
  }

  #exit(exits: ReadonlyArray<{ readonly id: string; readonly reason: Death }>): string {
    const known = exits.flatMap(({ id, reason }) => {
      const member = this.company.alive(id)
      return member === undefined ? [] : [{ member, reason }]
    })
    const parent = known[0]?.member.parent
    for (const { member, reason } of known) {
      const child = this.#children.get(member)
      if (member.parent !== parent) continue
      if (child instanceof StagedWorker) child.end(exitOf(member.id, reason))
      else child?.kill?.()
    }
    return known.length > 0 ? 'ok' : 'skipped'
  }

  /** `parent` is asked when a child starts: the specs of the first ones are older than their supervisor. */
  #spec(plan: Plan, parent: () => Member): ChildSpec {
    const { id, restart, significant, shutdown } = plan
    const begin = (slowness: number): Promise<Supervised | 'ignore'> =>
      plan.type === 'worker' ? this.#startWorker(plan, parent(), slowness) : this.#startSupervisor(plan, parent())
    const start = async ({ restarts }: StartContext): Promise<Supervised | 'ignore'> => {
      const taking = restarts > 0 ? this.#turnTaking.get(parent()) : undefined
      if (taking === undefined) return begin(slownessOf(id))
      try {
        return await taking.run(() => begin(0))
      } finally {
        // So the supervisor learns of each in the order of the starts, however it went.
        await turn()
      }
    }
    return { id, restart, significant, shutdownMs: shutdown, start }
  }

  async #startWorker(plan: WorkerPlan, parent: Member, slowness: number): Promise<Supervised | 'ignore'> {
    const { id, starts, stop } = plan
    const outcome = starts[this.company.starts(id)] ?? 'ok'
    const member = this.company.starting(id, parent, typeof outcome === 'object' ? 'exits' : outcome)
    for (let left = slowness; left > 0; left--) await turn()
    if (outcome === 'error') throw failureOf(id)
    if (outcome === 'ignore') return 'ignore'
    const whenAsked = stop === 'deaf' ? undefined : exitOf(id, stop)
    const worker = new StagedWorker(whenAsked, slownessOf(id), (exit) => this.company.ended(member, exit))
    this.#children.set(member, worker)
    this.company.started(member)
    if (typeof outcome === 'object') worker.end(exitOf(id, outcome.exits))
    return worker
  }

  async #startSupervisor(plan: SupervisorPlan, parent: Member | undefined): Promise<Supervisor> {
    const { id, strategy, intensity, autoShutdown } = plan
    const member = this.company.starting(id, parent, 'ok')
    if (strategy === 'one_for_one') this.#turnTaking.set(member, new TurnTaking())
    const children = plan.children.map((child) => this.#spec(child, () => member))
    const options = {
      name: id,
      strategy,
      intensity,
      autoShutdown,
      children,
      periodMs: PERIOD_MS,
      clock: this.#stage.clock,
    }
    const supervisor = await Supervisor.start(options)
    this.#children.set(member, supervisor)
    this.company.started(member)
    void supervisor.exit.then((exit) => this.company.ended(member, exit))
    // What its children do by themselves when they have started is over before the next sibling starts.
    await this.#stage.meanwhile(() => isOver(supervisor) || isSettled(supervisor))
    return supervisor
  }

  async #report(result: string, root: Supervisor): Promise<void> {
    const { company } = this
    await this.#stage.until(() => isOver(root) || isSettled(root))
    if (isOver(root)) {
      const reason = otpReason(await root.exit)
      company.noteStrays(0)
      company.lines.push(`result ${result}`, `ended ${reason}`)
      return
    }
    const { text, size } = drawTree(root, (id) => company.starts(id))
    company.noteStrays(size)
    company.lines.push(`result ${result}`, `tree ${text}`)
  }
}

/** Some take a while to start and to stop, so that what should wait for them shows when it does not. In turns. */
const slownessOf = (id: string): number => Number(id.slice(1)) % 3

function exitOf(id: string, reason: Death): Exit {
  switch (reason) {
    case 'failed':
      return { reason, error: failureOf(id) }
    case 'kill':
      return { reason: 'killed' }
    case 'shutdown_term':
      return { reason: 'shutdown' }
    default:
      return { reason }
  }
}

const failureOf = (id: string) => new TroupeError('ACTOR_FAILED', `${id} failed, as it was written`)
