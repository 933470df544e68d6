/**
 * Which workers shall be replaced by new ones, because they have done their share or have grown too large. Pure.
 */

export interface RecyclingTerms {
  /** A worker that has ended so many tasks is replaced; 0 never. */
  readonly maxTasks: number
  /** A worker that uses more memory than this is replaced, in MiB. */
  readonly maxMemoryMiB?: number | undefined
}

export interface Worn {
  readonly id: string
  readonly ended: number
  readonly memoryMiB: number | undefined
}

/** Those that are due, the most worn first, but no more than a quarter of all at a time, or one. */
export function dueForRecycling(
  workers: readonly Worn[],
  { maxTasks, maxMemoryMiB = Number.POSITIVE_INFINITY }: RecyclingTerms,
  underway: number,
): string[] {
  const due = workers.filter(
    ({ ended, memoryMiB = 0 }) => (maxTasks > 0 && ended >= maxTasks) || memoryMiB > maxMemoryMiB,
  )
  const most = Math.max(1, Math.floor((workers.length + underway) / 4)) - underway
  return due
    .sort((a, b) => b.ended - a.ended)
    .slice(0, Math.max(0, most))
    .map(({ id }) => id)
}
