/**
 * What a play has left behind, seen from outside.
 */
import { existsSync, readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { isAlive } from '../is-alive.js'

/** How long what was told to end may take, in ms. */
const END_MS = 20_000

/** The processes of these that are there, and what is in these folders, when they have had time to go. */
export async function leftovers(pids: Iterable<number>, folders: readonly string[]): Promise<string[]> {
  const all = [...pids]
  const look = () => [
    ...all.filter(isAlive).map((pid) => `process ${pid}`),
    ...folders.flatMap((folder) => (existsSync(folder) ? readdirSync(folder).map((name) => `${folder}/${name}`) : [])),
  ]
  for (const byMs = performance.now() + END_MS; look().length > 0 && performance.now() < byMs; ) await delay(10)
  return look()
}
