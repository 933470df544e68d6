/**
 * Work that need not be waited for any more once its command is to stop.
 */

/** What `work` gives, or undefined as soon as `stopped` aborts. */
export async function unlessStopped<T>(work: Promise<T>, stopped: AbortSignal): Promise<T | undefined> {
  let onStop = () => {}
  const stop = new Promise<undefined>((resolve) => {
    onStop = () => resolve(undefined)
    stopped.addEventListener('abort', onStop, { once: true })
    if (stopped.aborted) onStop()
  })
  // Once stopped, how the work ends does not matter any more.
  const done = work.catch((error: unknown) => {
    if (stopped.aborted) return undefined
    throw error
  })
  try {
    return await Promise.race([done, stop])
  } finally {
    stopped.removeEventListener('abort', onStop)
  }
}
