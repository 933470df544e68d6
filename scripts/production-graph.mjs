/**
 * What is installed with the packages that are published, as the lockfile has it: read line by line, for it is as regular as pnpm writes it.
 */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { manifestOf, packageFolders, ROOT } from './workspace.mjs'

/**
 * @typedef {object} Dependency
 * @property {string} name
 * @property {readonly string[]} broughtBy who has it among its own dependencies, by name
 * @property {boolean} isDirect a published package names it itself
 * @property {boolean} isOptional it is installed where its platform is, or can be done without
 */

/** Of this workspace, by name. */
export function productionGraph() {
  const published = packageFolders()
    .filter((folder) => !manifestOf(folder).private)
    .map((folder) => /** @type {const} */ ([relative(ROOT, folder).replaceAll('\\', '/'), manifestOf(folder).name]))
  return graphOf(readFileSync(join(ROOT, 'pnpm-lock.yaml'), 'utf8').replaceAll('\r', ''), new Map(published))
}

/**
 * @param {string} lockfile
 * @param {ReadonlyMap<string, string>} published the names of the packages by their folders
 * @returns {Dependency[]} by name
 */
export function graphOf(lockfile, published) {
  const importers = needsUnder(lockfile, 'importers')
  const snapshots = needsUnder(lockfile, 'snapshots')
  const own = new Set(published.values())
  /** @type {Map<string, { by: Set<string>, isOptional: boolean }>} */
  const found = new Map()
  const walked = new Set()
  const left = [...published].map(([folder, name]) => ({ from: name, needs: importers.get(folder), isOptional: false }))
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    for (const [name, version] of next.needs?.all ?? []) {
      if (version.startsWith('link:')) continue
      const isOptional = next.isOptional || next.needs?.optional.has(name) === true
      const known = found.get(name) ?? { by: new Set(), isOptional: true }
      found.set(name, { by: known.by.add(next.from), isOptional: known.isOptional && isOptional })
      // What was optional so far is walked once more where it is not.
      const walk = `${name}@${version} ${isOptional}`
      if (walked.has(walk)) continue
      walked.add(walk)
      left.push({ from: name, needs: snapshots.get(`${name}@${version}`), isOptional })
    }
  }
  return [...found]
    .map(([name, { by, isOptional }]) => ({
      name,
      broughtBy: [...by].sort(),
      isDirect: [...by].some((one) => own.has(one)),
      isOptional,
    }))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
}

/**
 * Of each entry of a section: what it has under `dependencies` and `optionalDependencies`.
 *
 * @param {string} lockfile
 * @param {'importers' | 'snapshots'} section
 */
function needsUnder(lockfile, section) {
  const [, rest = ''] = lockfile.split(new RegExp(`^${section}:\n`, 'm'))
  const [text = ''] = rest.split(/^(?=\S)/m)
  return new Map(
    blocksAt(2, text).map(([entry, body]) => {
      const kinds = new Map(blocksAt(4, body))
      const needed = versionsIn(kinds.get('dependencies'))
      const optional = versionsIn(kinds.get('optionalDependencies'))
      return [entry, { all: new Map([...needed, ...optional]), optional: new Set(optional.keys()) }]
    }),
  )
}

/**
 * The versions by name: behind the name, or of an importer on a line of their own, below that of the range.
 *
 * @param {string} [body]
 */
function versionsIn(body = '') {
  const versions = blocksAt(6, body).map(([name, text]) => {
    const version = /^ {8}version: (.+)$/m.exec(text)?.[1] ?? text.trim()
    return /** @type {const} */ ([name, version.replaceAll("'", '')])
  })
  return new Map(versions)
}

/**
 * The keys at an indent, each with what is behind and below it.
 *
 * @param {number} indent
 * @param {string} text
 */
function blocksAt(indent, text) {
  const key = new RegExp(`^ {${indent}}(?:'([^']+)'|([^\\s':][^':]*)):((?: .*)?\n(?:(?: {${indent + 1}}.*)?\n)*)`, 'gm')
  return [...text.matchAll(key)].map(
    ([, quoted, plain, body = '']) => /** @type {const} */ ([quoted ?? plain ?? '', body]),
  )
}
