/**
 * The supervisor without I/O, clock or promise: what happened in, what to do out.
 *
 * As OTP's it has a mailbox. With `one_for_all` and `rest_for_one` it does one thing at a time: while it starts, stops
 * or restarts, what comes waits. With `one_for_one` children have nothing to do with each other, and do not wait for
 * each other. The supervisor itself starts and stops on the lifecycle machine; this one says what to do with its
 * children, and when there is no use in going on.
 */
import { asFailure, type Exit } from '../actor/exit.js'
import type { ChildRecord } from './child-record.js'
import { ChildTable, type ChildTransition } from './child-table.js'
import { GroupRestart } from './group-restart.js'
import type { Refusal } from './refusal.js'
import { restartPauseMs } from './restart-pause.js'
import { type RestartWindow, recordRestart } from './restart-window.js'
import { affectedBy, isRestarted } from './strategy.js'
import type { SupervisorEffect } from './supervisor-effect.js'
import type { ChildAdded, ChildCommand, ChildProgress, MailboxEvent, SupervisorEvent } from './supervisor-event.js'
import type { SupervisorRules, Surroundings } from './supervisor-rules.js'

export class SupervisorEngine {
  readonly rules: SupervisorRules
  readonly #table: ChildTable
  /** A set: what is taken out of its middle or its front costs nothing. */
  readonly #mailbox = new Set<MailboxEvent>()
  #mode: 'opening' | 'open' | 'closed' = 'opening'
  /** What it is busy with, when it does one thing at a time: a group, or the child of this id. */
  #job: GroupRestart | string | undefined
  #window: RestartWindow = []
  #effects: SupervisorEffect[] = []
  #around: Surroundings = { nowMs: 0, random: () => 0 }

  /** `stepped` is told each step of a child, for those who look on. */
  constructor(rules: SupervisorRules, stepped?: (transition: ChildTransition) => void) {
    this.rules = rules
    this.#table = new ChildTable((effect) => this.#do(effect), stepped)
  }

  /** In the order of their first start. */
  get children(): ReadonlyMap<string, Readonly<ChildRecord>> {
    return this.#table.all
  }

  /** Takes an event. One of a child that is not there, or that does not fit its phase, changes nothing. */
  take(event: SupervisorEvent, around: Surroundings): readonly SupervisorEffect[] {
    this.#effects = []
    this.#around = around
    switch (event.type) {
      case 'opened':
        if (this.#mode === 'opening') this.#mode = 'open'
        break
      case 'close':
        this.#close()
        break
      case 'started':
      case 'ignored':
      case 'start_failed':
      case 'has_stopped':
        this.#progressed(event)
        break
      default:
        this.#receive(event)
    }
    this.#readMailbox()
    return this.#effects
  }

  #receive(event: MailboxEvent): void {
    if (event.type === 'ended') {
      const child = this.#table.all.get(event.id)
      if (child?.phase !== 'running' || child.end !== undefined) return
      child.end = event
    }
    if (this.#isBusyFor(event)) this.#mailbox.add(event)
    else this.#handle(event)
  }

  #readMailbox(): void {
    for (const event of this.#mailbox) {
      if (this.#isBusyFor(event)) return
      this.#mailbox.delete(event)
      this.#handle(event)
    }
  }

  /** While it opens, its ends are in the mailbox of a process that does not read it yet. */
  #isBusyFor({ type }: MailboxEvent): boolean {
    return this.#job !== undefined || (this.#mode === 'opening' && type === 'ended')
  }

  #handle(event: MailboxEvent): void {
    if (event.type === 'add') return this.#add(event)
    const child = this.#table.all.get(event.id)
    if (event.type === 'ended') {
      if (child?.end === event) this.#ended(child, event.exit)
    } else if (event.type === 'due') {
      if (child?.phase === 'waiting') this.#due(child)
    } else this.#command(child, event)
  }

  #add({ id, rules, request }: ChildAdded): void {
    const there = this.#table.all.get(id)
    if (this.#mode === 'closed') return this.#refuse(request, { code: 'CLOSED' })
    if (there !== undefined) return this.#refuse(request, { code: 'CHILD_EXISTS', id, phase: there.phase })
    this.#occupy(this.#table.add(id, rules, request))
  }

  #command(child: ChildRecord | undefined, event: ChildCommand): void {
    const { type, id, request } = event
    const isClosed = this.#mode === 'closed'
    if (child === undefined || (isClosed && (type !== 'terminate' || child.phase === 'stopped'))) {
      return this.#refuse(request, isClosed ? { code: 'CLOSED' } : { code: 'UNKNOWN_CHILD', id })
    }
    if (type === 'terminate') return this.#terminate(child, request)
    const { phase } = child
    if (phase === 'stopping') return void child.later.push(event)
    if (phase !== 'stopped') {
      const isRestart = phase === 'waiting' || (phase === 'starting' && !child.isNew)
      const code = isRestart ? 'CHILD_RESTARTING' : 'CHILD_RUNNING'
      return this.#refuse(request, { code, id, phase })
    }
    if (type === 'delete') {
      this.#table.forget(child)
      return this.#do({ type: 'done', id, request })
    }
    child.starter = request
    this.#table.start(child)
    this.#occupy(child)
  }

  #terminate(child: ChildRecord, request: number): void {
    if (child.phase === 'starting' || child.phase === 'running') {
      this.#table.stop(child)
      this.#occupy(child)
    }
    if (child.phase === 'stopping') return void child.stoppers.push(request)
    this.#table.stopWaiting(child)
    this.#do({ type: 'done', id: child.id, request })
  }

  #ended(child: ChildRecord, exit: Exit): void {
    if (isRestarted(child.rules.restart, exit)) return this.#restart(child, exit)
    this.#table.step(child, 'ended')
    this.#table.forgetTemporary(child)
    const { autoShutdown } = this.rules
    if (!child.rules.significant || autoShutdown === 'never') return
    if (autoShutdown === 'all_significant' && this.#table.hasActiveSignificant) return
    this.#do({ type: 'shut_down', id: child.id })
    this.#shut()
  }

  #restart(child: ChildRecord, exit: Exit): void {
    if (!this.#count(child, exit)) return
    const pauseMs = restartPauseMs(child, this.rules, this.#around)
    this.#table.step(child, 'restart')
    this.#do({ type: 'restarting', id: child.id, delayMs: pauseMs ?? 0 })
    this.#startWithOthers(child, pauseMs)
  }

  #due(child: ChildRecord): void {
    const exit = child.uncounted
    if (exit !== undefined) {
      if (!this.#count(child, exit)) return
      this.#do({ type: 'restarting', id: child.id, delayMs: 0 })
    }
    this.#startWithOthers(child, undefined)
  }

  #startWithOthers(child: ChildRecord, pauseMs: number | undefined): void {
    if (this.rules.strategy !== 'one_for_one') {
      const members = affectedBy(this.rules.strategy, child.id, this.#table.all.keys())
      this.#job = new GroupRestart(child.id, members, pauseMs)
      this.#goOn(this.#job)
    } else if (pauseMs === undefined) this.#table.start(child)
    else this.#do({ type: 'wait', id: child.id, delayMs: pauseMs })
  }

  /** Does the next thing of a group restart that takes time. */
  #goOn(group: GroupRestart): void {
    for (let id = group.nextToStop(); id !== undefined; id = group.nextToStop()) {
      const child = this.#table.all.get(id)
      if (child === undefined || id === group.cause) continue
      if (child.phase === 'running') return this.#table.stop(child)
      this.#table.stopWaiting(child)
    }
    if (group.pauseMs !== undefined) {
      this.#job = undefined
      return this.#do({ type: 'wait', id: group.cause, delayMs: group.pauseMs })
    }
    // From here on it is one of the group: when the start of another fails, it is just not running.
    const cause = this.#table.all.get(group.cause)
    if (cause?.phase === 'waiting') this.#table.step(cause, 'stop')
    for (let id = group.nextToStart(); id !== undefined; id = group.nextToStart()) {
      const child = this.#table.all.get(id)
      if (child !== undefined) return this.#table.start(child)
    }
    this.#job = undefined
  }

  #progressed(event: ChildProgress): void {
    const child = this.#table.all.get(event.id)
    if (child === undefined) return
    if (event.type === 'start_failed') {
      // When all stop, who waits for it need not wait for its turn.
      if (child.phase === 'stopping' && this.#mode === 'closed') this.#refuseStarter(child)
      if (child.phase !== 'starting') return
      this.#startFailed(child, event.error)
    } else {
      if (!this.#table.step(child, event.type)) return
      if (event.type === 'has_stopped') this.#hasStopped(child)
      else this.#hasStarted(child)
    }
    if (this.#job === child.id) this.#job = undefined
    else if (this.#job instanceof GroupRestart) this.#goOn(this.#job)
  }

  #hasStarted(child: ChildRecord): void {
    child.isNew = false
    child.sinceMs = this.#around.nowMs
    if (child.phase === 'running') this.#do({ type: 'started', id: child.id })
    if (child.starter !== undefined) this.#do({ type: 'done', id: child.id, request: child.starter })
    child.starter = undefined
    if (child.phase === 'stopped') this.#table.forgetTemporary(child)
  }

  #startFailed(child: ChildRecord, error: unknown): void {
    const { starter } = child
    if (starter === undefined) {
      // The others of its group stay as they are until it is tried again.
      this.#job = undefined
      return this.#tryAgain(child, error)
    }
    child.starter = undefined
    this.#table.step(child, 'not_started')
    if (child.isNew) this.#table.forget(child)
    this.#do({ type: 'failed', request: starter, error })
  }

  #tryAgain(child: ChildRecord, error: unknown): void {
    const { id } = child
    const exit: Exit = { reason: 'failed', error: asFailure(id, error) }
    this.#do({ type: 'restart_failed', id, error })
    const pauseMs = restartPauseMs(child, this.rules, this.#around)
    // With a delay it is counted before: who is going to give up need not wait for it.
    if (pauseMs !== undefined && pauseMs > 0) {
      if (!this.#count(child, exit)) return
      this.#do({ type: 'restarting', id, delayMs: pauseMs })
    } else child.uncounted = exit
    this.#table.step(child, 'restart')
    // OTP's try_again_restart: behind what is in the mailbox already, and acted on whenever the child waits for a restart
    // then, whichever failure that is of. With nothing to be behind of, the event loop has its turn.
    if (pauseMs === undefined && this.#hasMail) this.#mailbox.add({ type: 'due', id })
    else this.#do({ type: 'wait', id, delayMs: pauseMs ?? 0 })
  }

  /** Whether there is anything in the mailbox; the end of one that was stopped meanwhile is not (OTP flushes it). */
  get #hasMail(): boolean {
    for (const event of this.#mailbox) {
      if (event.type !== 'ended' || this.#table.all.get(event.id)?.end === event) return true
    }
    return false
  }

  #hasStopped(child: ChildRecord): void {
    const { id, stoppers, later } = child
    this.#refuseStarter(child)
    if (child.isNew || this.#mode === 'closed') this.#table.forget(child)
    else this.#table.forgetTemporary(child)
    for (const request of stoppers.splice(0)) this.#do({ type: 'done', id, request })
    for (const event of later.splice(0)) this.#handle(event)
  }

  #refuseStarter(child: ChildRecord): void {
    const { id, starter } = child
    child.starter = undefined
    if (starter !== undefined) this.#refuse(starter, { code: 'CLOSED', id })
  }

  /** Counts a restart; gives up and says false when there were too many. */
  #count(child: ChildRecord, exit: Exit): boolean {
    child.uncounted = undefined
    if (!child.rules.counts(exit)) return true
    const { window, exceeded } = recordRestart(this.#window, this.#around.nowMs, this.rules)
    this.#window = window
    if (!exceeded) return true
    this.#do({ type: 'give_up', id: child.id, count: window.length, exit })
    this.#shut()
    return false
  }

  #close(): void {
    this.#shut()
    const ids: string[] = []
    for (const child of [...this.#table.all.values()].reverse()) {
      if (child.phase === 'stopped') this.#table.forget(child)
      else ids.push(child.id)
    }
    this.#do({ type: 'stop_all', ids })
  }

  /** From now on there is nothing but to stop. */
  #shut(): void {
    if (this.#mode === 'closed') return
    this.#mode = 'closed'
    this.#job = undefined
    for (const child of this.#table.all.values()) {
      if (child.phase === 'waiting') this.#table.stopWaiting(child)
      else this.#table.step(child, 'stop')
    }
  }

  #occupy({ id }: ChildRecord): void {
    if (this.rules.strategy !== 'one_for_one') this.#job = id
  }

  #refuse(request: number, refusal: Refusal): void {
    this.#do({ type: 'refused', request, refusal })
  }

  #do(effect: SupervisorEffect): void {
    this.#effects.push(effect)
  }
}
