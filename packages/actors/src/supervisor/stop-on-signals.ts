/**
 * A program that stops what it runs in order when it is told to end. Opt-in: nothing else here listens to signals.
 */
import { isMainThread } from 'node:worker_threads'
import { errorData, InvalidOptionsError, type Logger, parseOptions, resolveLog } from '@troupe/core'
import { z } from 'zod'
import { ShutdownTimeOption } from '../actor/actor.options.js'
import type { Supervised } from '../actor/exit.js'

const WHO = 'stopOnSignals'

/** Those that end a process which does not listen to them. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const

export const StopOnSignalsOptions = z.strictObject({
  /** Which signals to listen to. */
  signals: z.array(z.enum(SIGNALS)).min(1).default(['SIGTERM', 'SIGINT']),
  /** How long all of it may take to stop, in ms, or 'brutal_kill', or 'infinity'. Default: what it takes by itself. */
  timeoutMs: ShutdownTimeOption.optional(),
  log: z
    .custom<Logger>((value) => typeof (value as Logger | null)?.child === 'function', 'must be a pino logger')
    .optional(),
})

export type StopOnSignalsOptions = z.input<typeof StopOnSignalsOptions>

/**
 * Stops something, as the supervisor that a program consists of, at the first signal, and kills it at the second. When it
 * has ended, the process is sent the first signal again, which now ends it: so whoever waits for it sees the true reason,
 * as shells and systemd expect. Its `exit` listeners do not run then; other listeners of the signal do, a second time.
 *
 * Once it has ended by itself nobody listens any more. Returns what ends the listening at once, also by `using`.
 * For the main thread, which alone hears signals.
 * @throws {TroupeError} `INVALID_OPTIONS`
 * @example
 * const tree = await Supervisor.start({ children })
 * stopOnSignals(tree)
 */
export function stopOnSignals(what: Supervised, options: StopOnSignalsOptions = {}): (() => void) & Disposable {
  const { signals: named, timeoutMs, log: given } = parseOptions(StopOnSignalsOptions, options, WHO)
  if (!isMainThread) throw new InvalidOptionsError(WHO, [{ path: 'signals', message: 'reach the main thread alone' }])
  const log = resolveLog(given)
  // A signal that was named twice is heard once: the second would kill.
  const signals = new Set<NodeJS.Signals>(named)
  let first: NodeJS.Signals | undefined
  const end = () => {
    for (const signal of signals) process.removeListener(signal, heard)
  }
  const stop = async () => what.stop({ timeoutMs })
  const kill = async () => (what.kill === undefined ? what.stop({ timeoutMs: 'brutal_kill' }) : what.kill())
  const failed = (error: unknown) => log.error({ err: errorData(error) }, 'could not be ended at a signal')
  const heard = (signal: NodeJS.Signals) => {
    const isFirst = first === undefined
    first ??= signal
    log.warn({ signal }, isFirst ? 'stops at a signal' : 'is killed at another signal')
    if (!isFirst) return void kill().catch(failed)
    void stop().catch((error: unknown) => {
      failed(error)
      // What cannot be stopped is not to outlive the signal.
      return kill().catch(failed)
    })
  }
  const ended = () => {
    end()
    if (first !== undefined) process.kill(process.pid, first)
  }
  for (const signal of signals) process.on(signal, heard)
  void what.exit.then(ended, ended)
  return Object.assign(end, { [Symbol.dispose]: end })
}
