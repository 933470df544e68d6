/**
 * Installs the dependencies when there are none, or not those of the lockfile.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runNpm } from './child.mjs'
import { manifestOf, packageFolders, ROOT } from './workspace.mjs'

const STAMP = join(ROOT, 'node_modules', '.troupe-stamp')

/** Returns the exit code: 0 when what the lockfile says is there. Asks nothing of the network when it is already. */
export async function install() {
  const wanted = fingerprint()
  if (isInstalled(wanted)) return 0
  const { packageManager = 'pnpm' } = manifestOf(ROOT)
  console.error(`Installing the dependencies with ${packageManager} (the first time, and when they change).`)
  // confirmModulesPurge: without a terminal pnpm refuses to replace a node_modules that another tool made.
  const args = ['--yes', packageManager, 'install', '--frozen-lockfile', '--config.confirmModulesPurge=false']
  // What the set-up prints goes to stderr: stdout is the job's.
  const code = await runNpm('npx', args, { stdio: ['ignore', 2, 2] })
  if (code === 0) writeFileSync(STAMP, wanted)
  else console.error(`The dependencies could not be installed: npx ${args.join(' ')} ended with ${code}.`)
  return code
}

/** What was asked for: the lockfile, every package.json, and the kind of machine, for which some packages differ. */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`)
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) hash.update(readFileSync(join(ROOT, file)))
  for (const folder of [ROOT, ...packageFolders()]) hash.update(readFileSync(join(folder, 'package.json')))
  return hash.digest('hex')
}

/** @param {string} wanted */
function isInstalled(wanted) {
  return (
    existsSync(STAMP) &&
    readFileSync(STAMP, 'utf8') === wanted &&
    packageFolders().every((folder) => !hasDependencies(folder) || existsSync(join(folder, 'node_modules')))
  )
}

/** @param {string} folder */
function hasDependencies(folder) {
  const { dependencies, devDependencies } = manifestOf(folder)
  return Object.keys({ ...dependencies, ...devDependencies }).length > 0
}
