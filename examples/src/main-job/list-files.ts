/**
 * Finds the files of the main job.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Every regular file under `folder`, in the order of its names; `except` is left out. Symbolic links are not followed,
 * so a file that pnpm links to from many places is found once. A folder that cannot be read is told to `onUnreadable`.
 */
export async function* listFiles(
  folder: string,
  except: string,
  onUnreadable: (folder: string, error: Error) => void,
): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: Error) => {
    onUnreadable(folder, error)
    return []
  })
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (path === except) continue
    if (entry.isDirectory()) yield* listFiles(path, except, onUnreadable)
    else if (entry.isFile()) yield path
  }
}
