/**
 * A Python that has the modules that a test or a benchmark needs.
 */
import { spawnSync } from 'node:child_process'

/** Debian's packages are for its own Python, which need not be the first on the path. */
const PYTHONS = ['/usr/bin/python3', 'python3']

/** A run that must have the other languages says so. */
export const required = process.env.TROUPE_INTEROP === 'required'

/** The first Python here that can import these modules; undefined when none can. */
export function pythonWith(...modules: string[]): string | undefined {
  return PYTHONS.find((one) => spawnSync(one, ['-c', `import ${modules}`], { stdio: 'ignore' }).status === 0)
}
