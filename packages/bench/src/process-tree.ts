/**
 * The memory of a process and all its descendants, as Linux tells it under /proc.
 */
import { readdirSync, readFileSync } from 'node:fs'

const SAMPLE_MS = 50
/** The proportional size costs a walk over all pages, so it is looked at less often. */
const SAMPLES_PER_PSS = 5

export interface PeakMemory {
  /** Resident sets summed, in MiB: what processes share is counted once for each. */
  readonly rssMib: number
  /** Proportional set sizes summed, in MiB: what processes share is counted once. */
  readonly pssMib: number
}

export const hasProc = process.platform === 'linux'

/** Watches from its making to `stop`. */
export class MemoryWatch {
  readonly #root: number
  readonly #timer: NodeJS.Timeout
  #samples = 0
  #rssKib = 0
  #pssKib = 0

  constructor(root: number) {
    this.#root = root
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS)
    this.#sample()
  }

  stop(): PeakMemory {
    clearInterval(this.#timer)
    this.#samples = 0
    this.#sample()
    return { rssMib: this.#rssKib / 1_024, pssMib: this.#pssKib / 1_024 }
  }

  #sample(): void {
    const pids = treeOf(this.#root)
    this.#rssKib = Math.max(this.#rssKib, sum(pids, 'status', /^VmRSS:\s+(\d+)/m))
    if (this.#samples++ % SAMPLES_PER_PSS === 0) {
      this.#pssKib = Math.max(this.#pssKib, sum(pids, 'smaps_rollup', /^Pss:\s+(\d+)/m))
    }
  }
}

/** What a process and its descendants hold now, in MiB. */
export const rssMib = (root: number): number => sum(treeOf(root), 'status', /^VmRSS:\s+(\d+)/m) / 1_024

/** The most that each of them ever held, summed, in MiB. The kernel remembers it, so nothing has to watch. */
export const peakRssMib = (root: number): number => sum(treeOf(root), 'status', /^VmHWM:\s+(\d+)/m) / 1_024

/** A process and its descendants. */
export function treeOf(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    // The name of the program stands in brackets and may hold anything; the parent is the second field after it.
    const parent = Number(readOf(Number(name), 'stat').replace(/^.*\)/s, '').split(' ')[2])
    if (parent > 0) children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const tree = [root]
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return tree
}

const sum = (pids: readonly number[], file: string, field: RegExp): number =>
  pids.reduce((total, pid) => total + Number(field.exec(readOf(pid, file))?.[1] ?? 0), 0)

/** Empty for what is no process, and for one that has just ended. */
function readOf(pid: number, file: string): string {
  if (!Number.isInteger(pid)) return ''
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
