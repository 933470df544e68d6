export { BackoffOptions, backoffDelayMs } from './backoff.js'
export { type Clock, SimulatedClock, systemClock } from './clock.js'
export {
  AbortedError,
  ClosedError,
  InvalidOptionsError,
  TimeoutError,
  TROUPE_ERROR_CODES,
  TroupeError,
  type TroupeErrorCode,
  type TroupeErrorOptions,
} from './errors.js'
export {
  Lifecycle,
  type LifecycleResource,
  type LifecycleState,
} from './lifecycle/lifecycle.js'
export { lifecycleMachine } from './lifecycle/lifecycle.machine.js'
export { parseOptions } from './options.js'
