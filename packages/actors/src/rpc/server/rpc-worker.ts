/**
 * A worker of a service, as an actor: it speaks RPC with its service over its pipe, and runs the handlers.
 */
import { type Logger, systemClock } from '@troupe/core'
import type { ActorContext } from '../../actor/actor-context.js'
import type { Pipe } from '../../actor/pipe.js'
import type { Implementation } from '../handlers.js'
import { loadImplementation } from '../load-implementation.js'
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
  const { implementation } = await loadImplementation(new URL(args.module), args.export, args.args)
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
      maxCallsPerClient: endless,
      maxStreamsPerClient: endless,
      maxHeldBytesPerClient: endless,
      handshakeTimeoutMs: endless,
    },
    clock: systemClock,
    log,
    isInner: true,
    soon: setImmediate,
  })
}
