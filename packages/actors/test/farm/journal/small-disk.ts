/**
 * Whether a file system of a small size can be mounted here, for tests of a disk that is full.
 */
import { execFileSync } from 'node:child_process'

/** Empty when it can, else why not. */
export const noSmallDisk = (() => {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp'], { stdio: 'pipe' })
    return ''
  } catch (error) {
    return String((error as Error).message).split('\n')[0]!
  }
})()
