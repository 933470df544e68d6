/**
 * Keeps stdout for results alone: whatever else in this process writes to it, a task file being imported for one,
 * writes to stderr instead.
 */

/** Takes stdout from the rest of the process and returns it. To be called before anything has used the console. */
export function takeStdout(): NodeJS.WriteStream {
  const { stdout, stderr } = process
  Object.defineProperty(process, 'stdout', { configurable: true, enumerable: true, get: () => stderr })
  return stdout
}
