/**
 * OTP's restart intensity as a pure function: more than `intensity` restarts within `periodMs` are too many.
 */

/** The times of the restarts that still count, oldest first. */
export type RestartWindow = readonly number[]

/** Records a restart at `nowMs`; says whether there are now too many. Restarts older than the period are forgotten. */
export function recordRestart(
  window: RestartWindow,
  nowMs: number,
  { intensity, periodMs }: { readonly intensity: number; readonly periodMs: number },
): { readonly window: RestartWindow; readonly exceeded: boolean } {
  const recent = [...window.filter((atMs) => nowMs - atMs <= periodMs), nowMs]
  return { window: recent, exceeded: recent.length > intensity }
}
