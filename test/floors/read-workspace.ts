/**
 * The workspace as it is on disk.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { filesUnder } from '../files-under.js'
import type { Package, Workspace } from './floors.js'
import { importsOf } from './imports-of.js'

interface Manifest {
  readonly name: string
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

interface Project {
  readonly references?: ReadonlyArray<{ readonly path: string }>
}

/** Reads every package and every source, test and example under the root. */
export function readWorkspace(root: string): Workspace {
  const paths = filesUnder(root)
  const folders = paths.flatMap((path) => /^(?:(.*)\/)?package\.json$/.exec(path)?.slice(1) ?? [])
  const code = paths.filter((path) => /\.[cm]?[jt]s$/.test(path))
  return {
    packages: folders.map((folder = '') => readPackage(root, folder)),
    files: Object.fromEntries(code.map((path) => [path, importsOf(path, readFileSync(join(root, path), 'utf8'))])),
  }
}

function readPackage(root: string, folder: string): Package {
  const manifest = readJson<Manifest>(join(root, folder, 'package.json'))
  const project = join(root, folder, 'tsconfig.json')
  const { references = [] } = existsSync(project) ? readJson<Project>(project) : {}
  const { dependencies, peerDependencies, optionalDependencies } = manifest
  return {
    folder,
    name: manifest.name,
    doors: Object.keys(manifest.exports ?? {}),
    dependencies: Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies }),
    devDependencies: Object.keys(manifest.devDependencies ?? {}),
    references: references.map(({ path }) => posix.join(folder, path)),
  }
}

const readJson = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T
