import { readdirSync } from 'node:fs'
import { join, posix } from 'node:path'

const SKIPPED = new Set(['node_modules', 'dist', 'coverage'])

/** All files under the root, relative to it, with slashes; without what was installed, built or is in a hidden folder. */
export function filesUnder(root: string, folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name)
    if (entry.isFile()) return [path]
    const skipped = entry.name.startsWith('.') || SKIPPED.has(entry.name)
    return entry.isDirectory() && !skipped ? filesUnder(root, path) : []
  })
}
