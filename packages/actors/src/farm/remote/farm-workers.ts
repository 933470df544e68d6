/**
 * Workers that join a farm from elsewhere: each a supervised process that finds its farm again whatever happens to either.
 */
import {
  AbortedError,
  assertSafeEndpoint,
  type CurveSecurity,
  deferred,
  type Logger,
  openTrust,
  ownCertificate,
  parseEndpoints,
  parseOptions,
  resolveLog,
  TroupeError,
  theOneOf,
  ZMQAuthenticator,
} from '@troupe/core'
import { Actor } from '../../actor/actor.js'
import type { Exit, ShutdownTime } from '../../actor/exit.js'
import { moduleUrl } from '../../actor/load-export.js'
import { Supervisor } from '../../supervisor/supervisor.js'
import { causeOf } from '../start-worker.js'
import { Control } from './control.js'
import { type CheckedJoinOptions, JoinOptions } from './join.options.js'
import { type JoinerArgs, type JoinerKeys, type JoinerWord, LEAVE } from './joiner.js'
import { Notices } from './notices.js'
import { advertised, hostOf, routeInTime } from './route.js'

const JOINER = { module: new URL('./joiner.js', import.meta.url), export: 'farmJoiner' }
/** The delays between the restarts of a worker that keeps dying, in ms. */
const RESTART_BACKOFF = { minMs: 50, maxMs: 5_000 }

/** A process has so long to start, though its farm is to be there sooner, in ms. */
const SHORTEST_START_MS = 10_000

/** What a worker is to its farm. */
export interface JoinedWorker {
  readonly pid: number | undefined
  /** What the farm calls it; undefined until it was welcome. */
  readonly id: string | undefined
}

interface Slot {
  actor: Actor | undefined
  incarnation: string | undefined
  id: string | undefined
  /** It has not joined, or not again. */
  isAway: boolean
}

interface Parts {
  readonly options: CheckedJoinOptions
  readonly keys: JoinerKeys | undefined
  readonly log: Logger
  readonly notices: Notices
  readonly supervisor: Supervisor
  readonly control: Control | undefined
}

/**
 * Workers on this machine for a farm on another, or in another program.
 *
 * They take tasks like the farm's own, and are supervised here: one that dies is started again. When the farm ends or
 * cannot be heard, they abort what they run and wait for it, or for its next run.
 * @example
 * await using workers = await FarmWorkers.join({ tasks: new URL('./tasks.js', import.meta.url), farm: 'tcp://10.0.0.5:7000' })
 */
export class FarmWorkers implements AsyncDisposable {
  readonly #options: CheckedJoinOptions
  readonly #keys: JoinerKeys | undefined
  readonly #log: Logger
  readonly #notices: Notices
  readonly #slots = new Map<string, Slot>()
  readonly #supervisor: Supervisor
  readonly #ended: Promise<Exit>
  #isLeaving = false
  /** How they end because the farm refuses them. */
  #refusal: Exit | undefined

  /**
   * Starts the workers; resolves when the farm has welcomed all of them.
   * @throws {TroupeError} `ABORTED`; `UNAVAILABLE` when nothing can be reached at `farm`, `TIMEOUT` when no farm has welcomed them there,
   * `VERSION_MISMATCH` when it refuses them, `ACCESS_DENIED` when by then it does not trust their key or they do not trust its, `CERTIFICATE_UNREADABLE`, `INSECURE_ENDPOINT`, `INVALID_OPTIONS`, and what the start
   * of a worker throws
   */
  static async join(options: JoinOptions): Promise<FarmWorkers> {
    const checked = parseOptions(JoinOptions, options, 'workers of a farm')
    const log = resolveLog(checked.log)
    if (checked.signal?.aborted) throw new AbortedError('the join of a farm', checked.signal.reason)
    const keys = checked.security && (await keysOf(checked.security))
    const isTcp = checked.farm.startsWith('tcp:')
    const { joinTimeoutMs, onNotice } = checked
    const notices = new Notices(onNotice)
    const waiting = (why: string) => notices.waiting(why)
    const patience = { timeoutMs: joinTimeoutMs, signal: checked.signal, waiting }
    const host = isTcp ? await routeInTime(checked.farm, patience) : undefined
    assertSafeEndpoint(
      parseEndpoints(inboxOf(checked, host), 'bind'),
      'a worker of a farm',
      checked.insecure || checked.security !== undefined,
    )
    const control = checked.isolation === 'inline' ? undefined : await openControl(checked, host, log)
    const { intensity, periodMs, signal } = checked
    const supervisor = await Supervisor.start({
      ...{ name: 'the workers', intensity, periodMs, backoff: RESTART_BACKOFF, log },
    })
    const workers = new FarmWorkers({ options: checked, keys, log, notices, supervisor, control: control?.control })
    control?.heard((incarnation, why) => workers.#kill(incarnation, why))
    const stop = () => void workers.stop()
    signal?.addEventListener('abort', stop)
    void workers.exit.then(() => signal?.removeEventListener('abort', stop))
    try {
      await workers.#start(host, control?.address)
    } catch (error) {
      await workers.stop()
      throw signal?.aborted ? new AbortedError('the join of a farm', signal.reason) : error
    }
    return workers
  }

  private constructor({ options, keys, log, notices, supervisor, control }: Parts) {
    this.#options = options
    this.#keys = keys
    this.#log = log
    this.#notices = notices
    this.#supervisor = supervisor
    this.#ended = supervisor.exit.then(async (exit) => {
      await control?.close()
      return this.#refusal ?? exit
    })
  }

  /** How they ended: `shutdown`, or `failed` when they died too often or the farm refuses them. Never rejects. */
  get exit(): Promise<Exit> {
    return this.#ended
  }

  get workers(): readonly JoinedWorker[] {
    return [...this.#slots.values()].map(({ actor, id }) => ({ pid: actor?.pid, id }))
  }

  /**
   * Leaves the farm in order: the workers take nothing more, give back what they have not begun, finish what they run, and
   * end. Idempotent.
   */
  async leave(): Promise<void> {
    this.#isLeaving = true
    await Promise.all([...this.#slots.values()].map((slot) => leaveWith(slot)))
    await this.stop()
  }

  /** Aborts what they run and ends them; those that take longer than `shutdownMs`, or `timeoutMs`, are killed. Idempotent. */
  async stop({ timeoutMs }: { readonly timeoutMs?: ShutdownTime | undefined } = {}): Promise<void> {
    this.#isLeaving = true
    // Those that have not joined yet are not the supervisor's to stop.
    const starting = [...this.#slots.values()].filter(({ id }) => id === undefined)
    await Promise.all(starting.map(({ actor }) => actor?.stop()))
    if (timeoutMs !== undefined)
      await Promise.all([...this.#slots.values()].map(({ actor }) => actor?.stop({ timeoutMs })))
    await this.#supervisor.stop()
    await this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #start(host: string | undefined, control: string | undefined): Promise<void> {
    const ids = Array.from({ length: this.#options.slots }, (_, index) => `worker-${index + 1}`)
    const { shutdownMs } = this.#options
    const started = await Promise.allSettled(
      ids.map(async (id) => {
        const slot: Slot = { actor: undefined, incarnation: undefined, id: undefined, isAway: true }
        this.#slots.set(id, slot)
        const start = () => this.#hire(id, slot, host, control)
        await this.#supervisor.startChild({ id, shutdownMs, start, restart: 'transient' })
      }),
    )
    for (const result of started) if (result.status === 'rejected') throw result.reason
  }

  /** Starts a worker; resolves when its farm has welcomed it, or at once when it was started again. */
  async #hire(name: string, slot: Slot, host: string | undefined, control: string | undefined) {
    if (this.#isLeaving) return 'ignore'
    const { tasks, farm, tags, advertise, isolation, insecure, joinTimeoutMs, ...options } = this.#options
    const security = this.#keys
    const { execArgv, env, workerStdout: stdout, shutdownMs } = options
    const isFirst = slot.actor === undefined
    const place = inboxOf(this.#options, host)
    const args: JoinerArgs = {
      ...{ name, isolation, tasks: moduleUrl(tasks).href, tags, farm, inbox: place, advertise, insecure },
      ...{ security, control },
      joinTimeoutMs: isFirst ? joinTimeoutMs : 0,
    }
    const actor = await Actor.start(JOINER, args, {
      ...{ name, isolation, shutdownMs, env, stdout, log: this.#log },
      startTimeoutMs: startTimeMs(joinTimeoutMs),
      ...(execArgv && { execArgv }),
    })
    slot.actor = actor
    slot.incarnation = undefined
    void actor.exit.then((exit) => this.#lookAt(slot, exit))
    if (this.#isLeaving) void actor.stop()
    const welcomed = deferred<void>()
    void this.#listen(actor, slot, () => welcomed.resolve())
    if (isFirst) await Promise.race([welcomed.promise, endOf(actor)])
    return actor
  }

  async #listen(actor: Actor, slot: Slot, welcomed: () => void): Promise<void> {
    for await (const word of actor) {
      const { incarnation, welcomed: id, lost, denied } = word as JoinerWord
      if (incarnation !== undefined) slot.incarnation = incarnation
      if (lost !== undefined) this.#away(slot, lost)
      if (denied !== undefined && !this.#isLeaving) this.#notices.waiting(denied)
      if (id === undefined) continue
      slot.id = id
      welcomed()
      this.#back(slot)
    }
  }

  /** One that its farm does not want any more would not be wanted when it is started again. */
  #lookAt(slot: Slot, exit: Exit): void {
    if (slot.id === undefined || exit.reason !== 'failed' || !isRefusal(exit.error)) return
    this.#refusal ??= exit
    this.#isLeaving = true
    void this.#supervisor.stop()
  }

  #away(slot: Slot, why: string): void {
    slot.isAway = true
    if (!this.#isLeaving) this.#notices.lost(why)
  }

  #back(slot: Slot): void {
    slot.isAway = false
    if (![...this.#slots.values()].some(({ isAway }) => isAway)) this.#notices.joined()
  }

  #kill(incarnation: string, why: string): void {
    for (const { actor, incarnation: own } of this.#slots.values()) {
      if (own !== incarnation) continue
      this.#log.warn({ why, pid: actor?.pid }, 'a worker is killed, for its farm says so')
      actor?.kill()
    }
  }
}

/** How long its process may take to start: on a busy machine that is most of what a join takes. */
const startTimeMs = (joinTimeoutMs: number): number =>
  joinTimeoutMs === 0 ? 0 : Math.max(joinTimeoutMs, SHORTEST_START_MS)

async function leaveWith({ actor }: Slot): Promise<void> {
  if (actor === undefined || actor.hasEnded) return
  await actor.send(LEAVE).catch(() => undefined)
  await actor.exit
}

/** Whether a worker ended because its farm refused it, which is what its failure says or what that was caused by. */
const isRefusal = (error: Error): boolean =>
  [error, error.cause].some((each) => each instanceof TroupeError && each.code === 'VERSION_MISMATCH')

/** Rejects with why an actor has ended. */
const endOf = (actor: Actor): Promise<never> =>
  actor.exit.then((exit) => {
    throw causeOf(exit)
  })

/** What the workers are to know, wherever they run. */
async function keysOf({ certificate, trust }: CurveSecurity): Promise<JoinerKeys> {
  const what = 'workers of a farm'
  // The options have a certificate.
  const { publicKey, secretKey } = (await ownCertificate(certificate, what))!
  const farms = trust instanceof ZMQAuthenticator ? [] : await (await openTrust(trust))?.all()
  return { publicKey, secretKey, farmKey: theOneOf(farms, what, 'the farm').publicKey }
}

/** Listens beside the inboxes; what is heard before `heard` is called is lost, for no worker has joined by then. */
async function openControl(options: CheckedJoinOptions, host: string | undefined, log: Logger) {
  const { inbox, advertise, insecure, security } = options
  let kill: ((incarnation: string, why: string) => void) | undefined
  const control = new Control({
    endpoint: controlPlace(inbox, host),
    ...{ insecure, security, log },
    kill: (incarnation, why) => kill?.(incarnation, why),
  })
  const bound = await control.open()
  const reached = advertise === undefined ? undefined : hostOf(advertise)
  const heard = (by: (incarnation: string, why: string) => void) => {
    kill = by
  }
  return { control, address: advertised(bound, reached), heard }
}

/** Where each worker listens for its farm. */
const inboxOf = ({ inbox }: CheckedJoinOptions, host: string | undefined): string =>
  inbox ?? (host === undefined ? 'ipc://*' : `tcp://${host}:*`)

function controlPlace(inbox: string | undefined, host: string | undefined): string {
  if (inbox?.startsWith('tcp:')) return inbox.replace(/:[^:]*$/, ':*')
  return host === undefined ? 'ipc://*' : `tcp://${host}:*`
}
