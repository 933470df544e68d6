/**
 * An actor in this thread. It cannot be killed, only left alone.
 */
import { deferred, resolveLog, TroupeError } from '@troupe/core'
import type { CheckedActorOptions } from './actor.options.js'
import type { ActorFunction, Body } from './body.js'
import { Channel, copied } from './channel.js'
import { type Exit, exitOfThrow } from './exit.js'
import { makePipe } from './pipe.js'

export function inlineBody<Args>(
  name: string,
  run: ActorFunction<Args>,
  args: Args,
  options: CheckedActorOptions,
): Body {
  const toActor = new Channel(`the pipe of actor ${name}`, options.pipeLimit)
  const fromActor = new Channel(`the pipe of actor ${name}`, options.pipeLimit)
  const aborter = new AbortController()
  const ready = deferred()
  const ended = deferred<Exit>()
  const end = (exit: Exit) => {
    if (exit.reason === 'failed') ready.reject(exit.error)
    else ready.resolve()
    toActor.close()
    // What it sent without waiting for room is in memory already, and its owner may take it.
    fromActor.unbound()
    fromActor.end()
    ended.resolve(exit)
  }
  const pipe = makePipe({
    put: async (message, wait) => fromActor.put(copied(message), wait),
    incoming: toActor,
    used: ready.resolve,
  })
  const context = { signal: aborter.signal, log: resolveLog(options.log).child({ actor: name }), ready: ready.resolve }
  // A turn later, so that the owner has its actor in hand before the first line of it runs.
  Promise.resolve()
    .then(() => run(pipe, args, context))
    .then(
      () => end({ reason: aborter.signal.aborted ? 'shutdown' : 'normal' }),
      (error: unknown) => end(exitOfThrow(name, error, aborter.signal)),
    )
  return {
    pipe: makePipe({
      put: async (message, wait) => toActor.put(copied(message), wait),
      incoming: fromActor,
      used: () => undefined,
    }),
    ready: ready.promise,
    ended: ended.promise,
    pid: undefined,
    terminate: () => {
      aborter.abort(new TroupeError('CLOSED', `actor ${name} was told to stop`))
      toActor.end()
    },
    kill: () => {
      aborter.abort(new TroupeError('CLOSED', `actor ${name} was killed`))
      end({ reason: 'killed' })
    },
    release: async () => undefined,
  }
}
