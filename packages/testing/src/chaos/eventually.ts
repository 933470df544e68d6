/**
 * Waits for what must come.
 */
import { setTimeout as delay } from 'node:timers/promises'

/** What takes longer is taken never to come, in ms. */
const LONGEST_MS = 60_000

/** The first value that is there: neither undefined nor false. */
export async function eventually<Value>(
  what: string,
  look: () => Value | undefined | false,
  longestMs = LONGEST_MS,
): Promise<Value> {
  const byMs = performance.now() + longestMs
  for (;;) {
    const value = look()
    if (value !== undefined && value !== false) return value
    if (performance.now() > byMs) throw new Error(`it did not come within ${longestMs} ms that ${what}`)
    await delay(5)
  }
}
