/**
 * Runs the handlers of a service in supervised workers, each call in the one that has the least to do.
 */
import { errorData, type Logger, systemClock } from '@troupe/core'
import { Actor } from '../../actor/actor.js'
import type { Exit } from '../../actor/exit.js'
import type { ModuleExport } from '../../actor/load-export.js'
import { Supervisor } from '../../supervisor/supervisor.js'
import type { StartContext } from '../../supervisor/supervisor.options.js'
import type { Contract } from '../contract.js'
import type { Callee, Execution, Executor } from './execution.js'
import type { CheckedWorkersOptions } from './serve.options.js'
import { WorkerLink } from './worker-link.js'

export interface CrewTerms {
  readonly contract: Contract
  readonly code: ModuleExport
  readonly options: CheckedWorkersOptions
  readonly log: Logger
  /** There is room again. */
  hasRoom(): void
  /** Too many workers have died. */
  failed(error: unknown): void
}

export interface RpcWorkerStats {
  readonly id: string
  readonly pid: number | undefined
  /** Calls that it has. */
  readonly held: number
}

interface Member {
  readonly actor: Actor
  readonly link: WorkerLink
}

const WORKER = { module: new URL('./rpc-worker.js', import.meta.url), export: 'rpcWorker' }

export class WorkerCrew implements Executor {
  readonly #terms: CrewTerms
  readonly #members = new Map<string, Member>()
  #supervisor: Supervisor | undefined
  #restarts = 0

  constructor(terms: CrewTerms) {
    this.#terms = terms
  }

  /** Workers that were started again. */
  get restarts(): number {
    return this.#restarts
  }

  get stats(): RpcWorkerStats[] {
    return [...this.#members].map(([id, { actor, link }]) => ({ id, pid: actor.pid, held: link.held }))
  }

  get hasRoom(): boolean {
    return this.#leastBusy() !== undefined
  }

  begin(call: Callee): Execution {
    return this.#leastBusy()!.link.begin(call)
  }

  /** Starts the workers; resolves when all serve. */
  async open(signal: AbortSignal): Promise<void> {
    const { options, log, contract, failed } = this.#terms
    const { intensity, periodMs, backoff, spares, place, inspect, workers } = options
    this.#supervisor = await Supervisor.start({
      ...{ intensity, periodMs, backoff, log },
      ...{ spares, name: contract.name },
      ...(place && { place, name: place.path }),
      ...(inspect && { inspect }),
    })
    const supervisor = this.#supervisor
    void supervisor.exit.then((exit) => exit.reason === 'failed' && failed(exit.error))
    supervisor.subscribe(({ type }) => type === 'restarting' && this.#restarts++)
    const ids = Array.from({ length: workers }, (_, index) => `worker-${index + 1}`)
    const started = await Promise.allSettled(
      ids.map((id) => {
        signal.throwIfAborted()
        const start = (context: StartContext) => this.#start(id, context)
        return supervisor.startChild({ id, shutdownMs: options.shutdownMs, start })
      }),
    )
    for (const result of started) if (result.status === 'rejected') throw result.reason
  }

  async close(): Promise<void> {
    await this.#supervisor?.stop()
  }

  kill(): void {
    this.#supervisor?.kill()
  }

  #leastBusy(): Member | undefined {
    let least: Member | undefined
    for (const member of this.#members.values()) {
      if (member.link.held < (least?.link.held ?? this.#terms.options.concurrency)) least = member
    }
    return least
  }

  async #start(id: string, { signal, place }: StartContext): Promise<Actor> {
    const { contract, code, options, log, hasRoom } = this.#terms
    const { isolation, startTimeoutMs, shutdownMs, hangMs, graceMs, maxMemoryMiB, env, execArgv, workerStdout } =
      options
    const args = { module: code.module.href, export: code.export, args: options.args, window: options.window }
    const actor = await Actor.start(WORKER, args, {
      ...{ name: `${contract.name}/${id}`, isolation, startTimeoutMs, shutdownMs, hangMs, env, signal, place, log },
      stdout: workerStdout,
      ...(maxMemoryMiB !== undefined && { maxMemoryMiB }),
      ...(execArgv && { execArgv }),
    })
    const link = new WorkerLink({
      contract,
      clock: systemClock,
      graceMs,
      send: (frame) => void actor.send(frame).catch(() => undefined),
      hasRoom,
      stuck: () => {
        log.warn({ worker: id }, `a worker's event loop stands still over a call that nobody waits for: it is killed`)
        actor.kill()
      },
    })
    void actor.exit.then(() => {
      if (this.#members.get(id)?.actor === actor) this.#members.delete(id)
    })
    void this.#read(actor, link)
    try {
      await link.greet()
    } catch (error) {
      await actor.stop()
      throw error
    }
    this.#members.set(id, { actor, link })
    hasRoom()
    return actor
  }

  async #read(actor: Actor, link: WorkerLink): Promise<void> {
    try {
      for await (const frame of actor) if (frame instanceof Uint8Array) link.came(frame)
    } catch (error) {
      this.#terms.log.debug({ err: errorData(error) }, 'a worker is not heard any more')
    }
    // What it had answered before its end counts.
    link.lost(howEnded(await actor.exit))
  }
}

const howEnded = (exit: Exit): string => (exit.reason === 'failed' ? exit.error.message : exit.reason)
