/**
 * The machine that the figures are of.
 */
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { pythonVersion } from './python/pool.js'

export interface MachineFacts {
  readonly cpu: string
  readonly cores: number
  readonly memoryGib: number
  readonly system: string
  readonly node: string
  readonly python: string
  /** Of the last minute, before the first round: what else ran. */
  readonly load: number
}

export function machineFacts(): MachineFacts {
  const cores = cpus()
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    python: pythonVersion() ?? 'no python3',
    load: loadavg()[0] ?? 0,
  }
}

export function describeMachine({ cpu, cores, memoryGib, system, node, python, load }: MachineFacts): string {
  return `${cpu}, ${cores} cores, ${memoryGib} GiB, ${system}, Node ${node}, ${python}; load average before: ${load.toFixed(2)}`
}
