/**
 * Looks from the outside whether all is as it should be after a play: the output, the journal, and what the last life of the
 * farm said.
 */
import { readFileSync } from 'node:fs'
import { LevelJournal, type RunSummary, summarizeRun } from '@troupe/actors/farm'
import type { Report } from './farm-program.js'

/** Each result once, and right. */
export function wrongOutput(output: string, count: number): string[] {
  const seen = new Uint8Array(count)
  const wrong: string[] = []
  for (const line of readFileSync(output, 'utf8').split('\n').slice(0, -1)) {
    const [n, outcome] = JSON.parse(line) as [number, number | string]
    if (outcome !== 2 * n) wrong.push(`the outcome of ${n} is ${outcome}`)
    if (seen[n]!++ > 0) wrong.push(`${n} came twice`)
  }
  for (let n = 0; n < count; n++) if (seen[n] === 0) wrong.push(`${n} did not come`)
  return wrong
}

export function wrongReport({ found, given, read, stats }: Report): string[] {
  const wrong: string[] = []
  const { done, failed, cancelled, pending, held } = stats
  if (found.lines !== found.taken) wrong.push(`${found.taken} were taken, and ${found.lines} lines stood in the output`)
  if (read !== given - found.taken) wrong.push(`${read} were read of ${given - found.taken}`)
  const toRun = given - found.done - found.failed
  if (done !== toRun) wrong.push(`${done} were done in the last life, and ${toRun} had no outcome`)
  const none = failed + cancelled + pending + held
  if (none > 0) wrong.push(`the counters of the last life are ${JSON.stringify(stats)}`)
  return wrong
}

export async function wrongJournal(path: string, count: number): Promise<string[]> {
  await using journal = new LevelJournal({ path, create: false })
  const { damage } = await journal.claim()
  const [run] = await journal.runs()
  await journal.open(run!)
  const { accepted, done, failed, taken }: RunSummary = await summarizeRun(journal, run!.name)
  const [is, should] = [
    JSON.stringify({ accepted, done, failed, taken, damage }),
    JSON.stringify({ accepted: count, done: count, failed: 0, taken: count, damage: undefined }),
  ]
  return is === should ? [] : [`the journal says ${is}, and should ${should}`]
}
