/**
 * The door for what must load fast: the words of errors, waiting and logging, without sockets, machines and schemas.
 * What is here is the same as in the index.
 */
export { type Clock, systemClock } from './clock.js'
export { assertWaitOptions, type Waiter, type WaitOptions, waiting, within } from './deadline.js'
export { type Deferred, deferred } from './deferred.js'
export { type ErrorData, errorData, errorFrom } from './error-data.js'
export {
  AbortedError,
  ClosedError,
  InvalidOptionsError,
  TimeoutError,
  TroupeError,
  type TroupeErrorCode,
} from './errors.js'
export { LazyAbort } from './lazy-abort.js'
export { type Logger, resolveLog } from './log.js'
export { InvalidMessageError } from './message/invalid-message-error.js'
export { usePrivateFolder } from './private-folder.js'
export { ACTOR_THREAD } from './socket/actor-thread.js'
