/**
 * What a task does to its own process when it is told to, by a file with the name of the process: see `Machine.ordered`. A
 * task file wraps its tasks in it; without TROUPE_CHAOS in the environment they only run.
 */
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = process.env.TROUPE_CHAOS

/** How many tasks run. */
let running = 0

const MISCHIEFS: Readonly<Record<string, () => unknown>> = {
  exit: () => process.exit(7),
  abort: () => {
    mute()
    process.abort()
  },
  'exit between tasks': () => {
    setInterval(() => {
      if (running === 0) process.exit(8)
    }, 1)
  },
  'exhaust memory': () => {
    mute()
    for (const hoard: unknown[] = []; ; ) hoard.push(new Array(50_000).fill(hoard.length))
  },
  loop: () => {
    for (;;);
  },
  'never end': () => new Promise(() => undefined),
}

export async function mischief<Output>(run: () => Promise<Output>): Promise<Output> {
  running++
  try {
    const told = order()
    if (told !== undefined) await MISCHIEFS[told]!()
    return await run()
  } finally {
    running--
  }
}

/** What it is told to do, once. */
function order(): string | undefined {
  if (FOLDER === undefined) return undefined
  const path = join(FOLDER, String(process.pid))
  if (!existsSync(path)) return undefined
  const told = readFileSync(path, 'utf8')
  rmSync(path)
  return told
}

/** What Node and V8 say when they die of this is no news. */
function mute(): void {
  closeSync(2)
  openSync('/dev/null', 'w')
}
