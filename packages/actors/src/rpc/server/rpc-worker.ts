/**
 * A worker of a service, as an actor: it speaks RPC with its service over its pipe, and runs the handlers.
 */
import { type Logger, systemClock, TroupeError } from '@troupe/core'
import type { ActorContext } from '../../actor/actor-context.js'
import { loadExport } from '../../actor/load-export.js'
import type { Pipe } from '../../actor/pipe.js'
import { type Implementation, isImplementation } from '../handlers.js'
import { InlineExecutor } from './inline-executor.js'
import { ServerCore } from './server-core.js'

export interface WorkerArgs {
  readonly module: string
  readonly export: string
  readonly args: unknown
  readonly window: number
}

/** The actor. It is ready when its handlers are loaded. */
export async function rpcWorker(pipe: Pipe, args: WorkerArgs, context: ActorContext): Promise<void> {
  const { signal, log, ready } = context
  const implementation = await loadImplementation(args)
  const core = coreOf(implementation, args.window, log)
  const session = core.open({
    peer: { id: 'service' },
    send: (frame) => void pipe.send(frame).catch(() => undefined),
    ended: () => undefined,
  })
  ready()
  const stop = () => core.abort()
  signal.addEventListener('abort', stop, { once: true })
  for await (const frame of pipe) if (frame instanceof Uint8Array) session.came(frame)
  await core.drain(0)
}

/** @throws {TroupeError} `MODULE_NOT_FOUND`, `MODULE_FAILED`, `EXPORT_NOT_FOUND` */
async function loadImplementation({ module, export: name, args }: WorkerArgs): Promise<Implementation> {
  const loaded = await loadExport({ module: new URL(module), export: name })
  const made = typeof loaded === 'function' ? await (loaded as (args: unknown) => unknown)(args) : loaded
  if (isImplementation(made)) return made
  const what = typeof loaded === 'function' ? `what ${name} of ${module} returns` : `${name} of ${module}`
  throw new TroupeError('EXPORT_NOT_FOUND', `${what} is not what implement(contract, handlers) makes`)
}

function coreOf(implementation: Implementation, window: number, log: Logger): ServerCore {
  // How many calls run here, how large they are and how long they take is for the service to say.
  const endless = Number.POSITIVE_INFINITY
  const executor = new InlineExecutor({ implementation, concurrency: endless, window, clock: systemClock, log })
  return new ServerCore({
    contract: implementation.contract,
    executor,
    options: {
      maxQueued: 0,
      window,
      maxMessageBytes: Number.MAX_SAFE_INTEGER,
      heartbeatMs: 1_000,
      livenessMs: Number.MAX_SAFE_INTEGER,
    },
    clock: systemClock,
    log,
    isInner: true,
    soon: setImmediate,
  })
}
