/**
 * Files of code that the command line names, in JavaScript or TypeScript.
 */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Where the file is found, and the Node flags with which another process or thread can import it. */
export interface SourceFile {
  readonly url: URL
  readonly execArgv: readonly string[]
}

/** Makes this process able to import a file. */
export async function readySource(path: string): Promise<SourceFile> {
  const execArgv = [...process.execArgv, ...(isTypeScript(path) ? await enableTypeScript() : [])]
  return { url: pathToFileURL(resolve(path)), execArgv }
}

export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}

const isTypeScript = (path: string): boolean => /\.(m?ts|tsx)$/.test(path)

// Imported only when it is wanted: it brings a compiler along.
async function enableTypeScript(): Promise<string[]> {
  return (await import('./typescript.js')).enableTypeScript()
}
