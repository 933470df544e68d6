import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** LevelDB waits for the disk when it opens, and these tests open it many hundred times. */
const MEMORY = '/dev/shm'

/** An empty folder that is gone after the test. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'troupe-journal-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}
