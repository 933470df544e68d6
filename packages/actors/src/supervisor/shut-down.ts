/**
 * OTP's shutdown of a child: ask, wait, kill.
 */
import { type Clock, errorData, type Logger } from '@troupe/core'
import type { ShutdownTime, Supervised } from '../actor/exit.js'

/** How long beyond its time a child may take, in ms: most keep to it by themselves, and a kill takes a moment. */
const SLACK_MS = 1_000

export interface ShutdownTerms {
  readonly clock: Clock
  readonly log: Logger
  /** Aborts when the child is killed by somebody else: from then on it has the time of one that is killed. */
  readonly killed: AbortSignal
}

/** Stops a child within its time. Resolves when it has ended, or when not even a kill has ended it. Never rejects. */
export async function shutDown(child: Supervised, shutdownMs: ShutdownTime, terms: ShutdownTerms): Promise<void> {
  if (shutdownMs === 'brutal_kill') kill(child, terms.log)
  let refused = false
  const stopped = asked(child, shutdownMs).catch((error: unknown) => {
    refused = true
    terms.log.error({ err: errorData(error) }, 'child could not be stopped')
  })
  // One that has ended is over, whatever its stop still waits for.
  if ((await isOver(Promise.race([stopped, child.exit]), shutdownMs, terms)) && !refused) return
  kill(child, terms.log)
  if (!(await isOver(child.exit, 'brutal_kill', terms))) terms.log.error('child did not end and is left alone')
}

/** Kills a child that can be killed. Never throws. */
export function kill(child: Supervised, log: Logger): void {
  try {
    child.kill?.()
  } catch (error) {
    log.error({ err: errorData(error) }, 'child could not be killed')
  }
}

/** Waits until a promise is settled, a little longer than a shutdown time; says whether it is. Never rejects. */
export async function isOver(
  promise: Promise<unknown>,
  time: ShutdownTime,
  { clock, killed }: Omit<ShutdownTerms, 'log'>,
): Promise<boolean> {
  const yes = () => true
  let timer: unknown
  let hurry = () => {}
  const late = new Promise<boolean>((resolve) => {
    const wait = (ms: number) => {
      clock.clearTimeout(timer)
      timer = clock.setTimeout(() => resolve(false), ms + SLACK_MS)
    }
    hurry = () => wait(0)
    if (time === 'brutal_kill' || killed.aborted) wait(0)
    else if (time !== 'infinity') wait(time)
  })
  killed.addEventListener('abort', hurry)
  return Promise.race([promise.then(yes, yes), late]).finally(() => {
    clock.clearTimeout(timer)
    killed.removeEventListener('abort', hurry)
  })
}

// A stop that throws at once fails as one that rejects.
const asked = async (child: Supervised, timeoutMs: ShutdownTime): Promise<void> => child.stop({ timeoutMs })
