/**
 * Where the workspace is, and the packages in it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * What the scripts read of a package.json.
 *
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} [version]
 * @property {boolean} [private]
 * @property {string} [packageManager]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, unknown>} [exports]
 */

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The folders of all packages, as pnpm-workspace.yaml lists them: plain paths, and `folder/*`. */
export function packageFolders() {
  const text = readFileSync(join(ROOT, 'pnpm-workspace.yaml'), 'utf8')
  const list = /^packages:\n((?: +- .+\n)+)/m.exec(text.replaceAll('\r', ''))?.[1] ?? ''
  return list
    .trim()
    .split('\n')
    .map((line) => line.replace(/^ *- */, '').replace(/^'(.*)'$/, '$1'))
    .flatMap(foldersOf)
    .map((folder) => join(ROOT, folder))
    .filter((folder) => existsSync(join(folder, 'package.json')))
}

/**
 * @param {string} folder
 * @returns {Manifest}
 */
export function manifestOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

/** @param {string} pattern */
function foldersOf(pattern) {
  if (!pattern.endsWith('/*')) return [pattern]
  const parent = pattern.slice(0, -2)
  return readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`)
}
