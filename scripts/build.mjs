/**
 * Builds what is stale. The compiler finds out by itself what that is, in a fifth of a second.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runNode } from './child.mjs'
import { packageFolders } from './workspace.mjs'

export const TSC = 'node_modules/typescript/bin/tsc'
const OUTPUT = /(\.js|\.d\.ts)(\.map)?$/
const STATE = '.tsbuildinfo'

/** Returns the exit code of the compiler. */
export async function build() {
  const folders = packageFolders().filter((folder) => existsSync(join(folder, 'src')))
  if (folders.some((folder) => !existsSync(join(folder, 'dist', STATE)))) console.error('Building.')
  for (const folder of folders) matchOutputs(folder)
  return runNode(TSC, ['-b'], { stdio: ['ignore', 2, 2] })
}

/**
 * The compiler never removes what it made of a source that is gone, and does not miss an output that is gone.
 *
 * @param {string} folder
 */
function matchOutputs(folder) {
  const sources = new Set(
    filesIn(join(folder, 'src'))
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
      .map((file) => file.slice(0, -'.ts'.length)),
  )
  const outputs = filesIn(join(folder, 'dist')).filter((file) => OUTPUT.test(file))
  for (const file of outputs) {
    if (!sources.has(file.replace(OUTPUT, ''))) rmSync(join(folder, 'dist', file))
  }
  const modules = new Set(outputs.filter((file) => file.endsWith('.js')).map((file) => file.replace(OUTPUT, '')))
  if ([...sources].some((source) => !modules.has(source))) rmSync(join(folder, 'dist', STATE), { force: true })
}

/**
 * Paths relative to the folder; none when it does not exist.
 *
 * @param {string} folder
 */
function filesIn(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => /\.[a-z]+$/.test(path))
}
