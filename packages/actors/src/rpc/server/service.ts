/**
 * Services: a contract's handlers behind a ROUTER.
 */
import {
  assertSafeEndpoint,
  errorData,
  InvalidOptionsError,
  Lifecycle,
  type LifecycleState,
  type Logger,
  noticeDepartures,
  parseEndpoints,
  parseOptions,
  resolveLog,
  systemClock,
  ZMQMonitor,
} from '@troupe/core'
import { ZMQRouter } from '@troupe/dealer-router'
import { asFailure, type Exit, type ShutdownTime, type Supervised } from '../../actor/exit.js'
import { isModuleExport, type ModuleExport } from '../../actor/load-export.js'
import { here } from '../../actor/place.js'
import { stopInTime } from '../../actor/stop-in-time.js'
import type { Contract } from '../contract.js'
import { type Handlers, type Implementation, implement, isImplementation } from '../handlers.js'
import { Gatekeeper } from './gatekeeper.js'
import { InlineExecutor } from './inline-executor.js'
import { Peers } from './peers.js'
import {
  type CheckedCommonOptions,
  type CheckedWorkersOptions,
  ServeOptions,
  ServeWorkersOptions,
} from './serve.options.js'
import { type Health, ServerCore, type ServiceStats } from './server-core.js'
import { type RpcWorkerStats, WorkerCrew } from './worker-crew.js'

export interface AllServiceStats extends ServiceStats {
  /** Of a service with workers: those that serve now. */
  readonly workers: readonly RpcWorkerStats[]
  /** Workers that were started again. */
  readonly restarts: number
}

/**
 * Serves a contract: each call is answered once, in whatever order the calls are done. Resolves when it listens, and its
 * workers are ready. Middleware of workers is given to `implement` in their module.
 * @throws {TroupeError} `INVALID_OPTIONS`, `INVALID_ENDPOINT`, `INSECURE_ENDPOINT`, `ENDPOINT_IN_USE`, `ENDPOINT_UNAVAILABLE`; of
 * workers `MODULE_NOT_FOUND`, `MODULE_FAILED`, `EXPORT_NOT_FOUND`, `VERSION_MISMATCH`, `ACTOR_EXITED`, `START_TIMEOUT`
 * @example
 * await using service = await serve(pricing, { quote: (ticker) => lookUp(ticker) }, { endpoint: 'tcp://127.0.0.1:7000' })
 * @example
 * const code = { module: new URL('./handlers.js', import.meta.url), export: 'handlers' }
 * await using pool = await serve(pricing, code, { endpoint: 'tcp://127.0.0.1:7001', workers: 4 })
 */
export function serve<C extends Contract>(
  contract: C,
  code: ModuleExport<Implementation<C> | ((args: never) => Implementation<C> | Promise<Implementation<C>>)>,
  options: ServeWorkersOptions,
): Promise<Service>
export function serve<C extends Contract>(
  contract: C,
  handlers: Handlers<C> | Implementation<C>,
  options: ServeOptions,
): Promise<Service>
export async function serve(contract: Contract, code: unknown, options: unknown): Promise<Service> {
  const place = here()
  if (isModuleExport(code)) {
    const checked = parseOptions(ServeWorkersOptions, options as ServeWorkersOptions, `service ${contract.name}`)
    const parts = { contract, options: { ...checked, place: checked.place ?? place } }
    return Service.start(parts, (host) => crewOf(code, parts.options, host))
  }
  assertInline(contract, code, options)
  const checked = parseOptions(ServeOptions, options as ServeOptions, `service ${contract.name}`)
  const implementation = implementationOf(contract, code, checked.middleware)
  return Service.start({ contract, options: checked }, (host) => ({
    executor: new InlineExecutor({ ...checked, implementation, clock: systemClock, log: host.log }),
  }))
}

interface Parts {
  readonly contract: Contract
  readonly options: CheckedCommonOptions
}

interface Runner {
  readonly executor: InlineExecutor | WorkerCrew
  readonly crew?: WorkerCrew
}

interface RunnerHost {
  readonly contract: Contract
  readonly log: Logger
  hasRoom(): void
  failed(error: unknown): void
}

export class Service implements Supervised, AsyncDisposable {
  readonly #parts: Parts
  readonly #core: ServerCore
  readonly #crew: WorkerCrew | undefined
  readonly #lifecycle: Lifecycle
  readonly #log: Logger
  readonly #exit: Promise<Exit>
  #router: ZMQRouter<{ codec: 'frames' }> | undefined
  #peers: Peers | undefined
  readonly #gate: Gatekeeper | undefined
  #endpoints: string[] = []
  #timer: NodeJS.Timeout | undefined
  #isKilled = false

  /** @internal */
  static async start(parts: Parts, runner: (host: RunnerHost) => Runner): Promise<Service> {
    const service = new Service(parts, runner)
    await service.#lifecycle.start()
    return service
  }

  private constructor(parts: Parts, runner: (host: RunnerHost) => Runner) {
    const { contract, options } = parts
    this.#parts = parts
    this.#log = resolveLog(options.log).child({ service: contract.name })
    const { security } = options
    this.#gate = security && new Gatekeeper(security, `service ${contract.name}`, this.#log)
    const { executor, crew } = runner({
      contract,
      log: this.#log,
      hasRoom: () => this.#core.admit(),
      failed: (error) => this.#lifecycle.fail(error),
    })
    this.#crew = crew
    this.#core = new ServerCore({
      ...{ contract, executor, options, clock: systemClock, log: this.#log },
      soon: setImmediate,
      gate: this.#gate,
      workers: () => this.#crew?.stats.length ?? 0,
    })
    this.#lifecycle = new Lifecycle({
      what: `service ${contract.name}`,
      open: ({ signal }) => this.#open(signal),
      close: () => this.#close(),
    })
    this.#exit = this.#lifecycle.finished().then((state) => this.#exitOf(state))
  }

  /** Where it listens, with its real port: the first of its endpoints. */
  get endpoint(): string {
    return this.#endpoints[0]!
  }

  /** Where it listens, with the real ports. */
  get endpoints(): readonly string[] {
    return this.#endpoints
  }

  /** How it ended: `failed` when its workers died too often, or its socket failed. Never rejects. */
  get exit(): Promise<Exit> {
    return this.#exit
  }

  get state(): LifecycleState {
    return this.#lifecycle.state
  }

  /** What it does at present, and what it has done. */
  get stats(): AllServiceStats {
    const { denied, ...stats } = this.#core.stats
    return {
      ...{ ...stats, denied: denied + (this.#router?.stats.denied ?? 0) },
      ...{ workers: this.#crew?.stats ?? [], restarts: this.#crew?.restarts ?? 0 },
    }
  }

  /** What it answers to `$health`. */
  get health(): Health {
    return this.#core.health
  }

  /**
   * Stops: takes no more calls (`UNAVAILABLE`, which clients make elsewhere), finishes those that run, for `drainMs` at most,
   * then aborts them. Its end is `timeoutMs` after the call at the latest. Idempotent.
   */
  async stop(options: { readonly timeoutMs?: ShutdownTime | undefined } = {}): Promise<void> {
    await stopInTime(this.#lifecycle, () => this.kill(), options.timeoutMs)
  }

  /** Aborts the calls that run, kills the workers, and stops. */
  kill(): void {
    this.#isKilled = true
    this.#core.abort()
    this.#crew?.kill()
    void this.#lifecycle.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #open(signal: AbortSignal): Promise<void> {
    const { options } = this.#parts
    const { endpoint, insecure, security, maxMessageBytes, heartbeatMs } = options
    const { maxConnections, handshakeTimeoutMs } = options
    const endpoints = parseEndpoints(endpoint, 'bind')
    assertSafeEndpoint(endpoints, 'a service', insecure || security !== undefined)
    const secured = await this.#gate?.open()
    await this.#crew?.open(signal)
    signal.throwIfAborted()
    this.#router = new ZMQRouter(undefined, {
      ...{ codec: 'frames', mandatory: true, insecure, maxMessageBytes, log: this.#log },
      ...{ maxConnections, handshakeTimeoutMs, security: secured },
      // What else waits for a client waits here, bounded by its bytes.
      sendHighWaterMark: 256,
      // The connection of a client whose machine has gone is to be given back some day.
      ...{ tcpKeepalive: 1, tcpKeepaliveIdleSeconds: 60, tcpKeepaliveIntervalSeconds: 10, tcpKeepaliveCount: 6 },
    })
    noticeDepartures(this.#router)
    void this.#watch(new ZMQMonitor(this.#router))
    this.#peers = new Peers({ core: this.#core, router: this.#router, options, log: this.#log })
    for (const { address } of endpoints) this.#endpoints.push(await this.#router.bind(address))
    this.#timer = setInterval(() => {
      this.#core.tick()
      this.#peers?.tick()
    }, heartbeatMs)
    void this.#peers.read().catch((error: unknown) => this.#lifecycle.fail(error))
  }

  /** Counts those who do not speak as they should before any of their frames comes; whom ZAP refuses is counted there. */
  async #watch(monitor: ZMQMonitor): Promise<void> {
    try {
      for await (const event of monitor) {
        if (event.type !== 'handshake_failed' || event.reason !== 'protocol') continue
        this.#core.handshakeFailed(event.address, event.error)
      }
    } catch (error) {
      this.#log.warn({ err: errorData(error) }, 'handshakes that fail are not counted any more')
    }
  }

  async #close(): Promise<void> {
    await this.#core.drain(this.#isKilled ? 0 : this.#parts.options.drainMs)
    clearInterval(this.#timer)
    this.#core.close()
    await this.#peers?.drained()
    await this.#router?.close()
    this.#peers?.close()
    await this.#crew?.close()
  }

  #exitOf(state: LifecycleState): Exit {
    if (state === 'stopped') return { reason: this.#isKilled ? 'killed' : 'shutdown' }
    return { reason: 'failed', error: asFailure(`service ${this.#parts.contract.name}`, this.#lifecycle.error) }
  }
}

function crewOf(code: ModuleExport, options: CheckedWorkersOptions, host: RunnerHost): Runner {
  const { contract, log } = host
  const crew = new WorkerCrew({
    ...{ contract, code, options, log },
    hasRoom: () => host.hasRoom(),
    failed: (error) => host.failed(error),
  })
  return { executor: crew, crew }
}

/** Untyped code may mean workers, and not have named their module as it should. */
function assertInline(contract: Contract, code: unknown, options: unknown): void {
  const what = `service ${contract.name}`
  const { module, export: name } = (code ?? {}) as Record<string, unknown>
  if (typeof module === 'string' && typeof name === 'string') {
    const message = `must be a URL, as new URL(${JSON.stringify(module)}, import.meta.url)`
    throw new InvalidOptionsError(what, [{ path: 'module', message }])
  }
  if (typeof options === 'object' && options !== null && 'workers' in options) {
    const message =
      'are for handlers that are named by { module, export }, which the workers import, not for those of this process'
    throw new InvalidOptionsError(what, [{ path: 'workers', message }])
  }
}

function implementationOf(contract: Contract, code: unknown, middleware: Implementation['middleware']): Implementation {
  if (!isImplementation(code)) return implement(contract, code as Handlers<Contract>, { middleware })
  if (code.contract !== contract) {
    throw new InvalidOptionsError(`service ${contract.name}`, [
      { path: 'handlers', message: `must be of the contract that is served, not of ${code.contract.name}` },
    ])
  }
  return { ...code, middleware: [...middleware, ...code.middleware] }
}
