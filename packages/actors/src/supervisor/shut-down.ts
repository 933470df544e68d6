/**
 * OTP's shutdown of a child: ask, wait, kill.
 */
import { type Clock, errorData, type Logger } from '@troupe/core'
import type { ShutdownTime, Supervised } from '../actor/exit.js'

/** How long beyond its time a child may take, in ms: most keep to it by themselves, and a kill takes a moment. */
const SLACK_MS = 1_000

/** Stops a child within its time. Resolves when it has ended, or when not even a kill has ended it. Never rejects. */
export async function shutDown(
  child: Supervised,
  shutdownMs: ShutdownTime,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<void> {
  if (shutdownMs === 'brutal_kill') child.kill?.()
  let refused = false
  const stopped = asked(child, shutdownMs).catch((error: unknown) => {
    refused = true
    log.error({ err: errorData(error) }, 'child could not be stopped')
  })
  if ((await isOver(stopped, shutdownMs, clock)) && !refused) return
  child.kill?.()
  if (!(await isOver(child.exit, 'brutal_kill', clock))) log.error('child did not end and is left alone')
}

/** Waits for a promise that never rejects, a little longer than a shutdown time; says whether it is resolved. */
export async function isOver(promise: Promise<unknown>, time: ShutdownTime, clock: Clock): Promise<boolean> {
  const over = promise.then(() => true)
  if (time === 'infinity') return over
  let timer: unknown
  const late = new Promise<boolean>((resolve) => {
    timer = clock.setTimeout(() => resolve(false), (time === 'brutal_kill' ? 0 : time) + SLACK_MS)
  })
  return Promise.race([over, late]).finally(() => clock.clearTimeout(timer))
}

// A stop that throws at once fails as one that rejects.
const asked = async (child: Supervised, timeoutMs: ShutdownTime): Promise<void> => child.stop({ timeoutMs })
