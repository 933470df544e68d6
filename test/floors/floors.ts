/**
 * The floors of the house: examples -> cli, bench, interop -> actors -> patterns -> core. An import goes down, through
 * a door that the other package names in its `exports`.
 */
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import type { Imports } from './imports-of.js'

export interface Package {
  /** Relative to the root, with slashes; '' is the root itself. */
  readonly folder: string
  readonly name: string
  /** The subpaths that others may import: '.', './farm'. */
  readonly doors: readonly string[]
  readonly dependencies: readonly string[]
  readonly devDependencies: readonly string[]
  /** The folders that the compiler builds before this package. */
  readonly references: readonly string[]
}

export interface Workspace {
  readonly packages: readonly Package[]
  /** By path, relative to the root. */
  readonly files: Readonly<Record<string, Imports>>
}

const FLOORS: ReadonlyArray<readonly [folder: RegExp, floor: number]> = [
  [/^packages\/(core|testing)$/, 0],
  [/^packages\/patterns\/[^/]+$/, 1],
  [/^packages\/actors$/, 2],
  [/^packages\/(cli|bench|interop)$/, 3],
  [/^examples$/, 4],
  [/^$/, 5],
]

/** The rooms of a package, and for each the rooms below it. */
const ROOMS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'packages/actors': {
    actor: [],
    supervisor: ['actor'],
    farm: ['inspect', 'rpc', 'supervisor', 'actor'],
    rpc: ['supervisor', 'actor'],
    inspect: ['rpc', 'supervisor', 'actor'],
    prometheus: ['farm', 'rpc'],
  },
}

/** Libraries that one place alone wraps. Tests may use them to play the other side. */
const WRAPPED: Readonly<Record<string, RegExp>> = {
  zeromq: /^packages\/(core\/src\/(socket|security)|bench)\//,
  pino: /^packages\/core\/src\/log\.ts$/,
}

/** What is wrong, one sentence each; empty when the house stands. */
export function checkFloors(workspace: Workspace): string[] {
  const house = new House(workspace)
  return [
    ...workspace.packages.flatMap((one) => house.checkPackage(one)),
    ...Object.entries(workspace.files).flatMap(([path, { specifiers }]) => {
      const wrong = specifiers.map((specifier) => [specifier, house.checkImport(path, specifier)] as const)
      return wrong.flatMap(([specifier, why]) => (why === undefined ? [] : `${path} imports ${specifier}: ${why}`))
    }),
  ]
}

class House {
  readonly #workspace: Workspace
  readonly #byName: ReadonlyMap<string, Package>
  readonly #rootTools: readonly string[]

  constructor(workspace: Workspace) {
    this.#workspace = workspace
    this.#byName = new Map(workspace.packages.map((one) => [one.name, one]))
    this.#rootTools = workspace.packages.find(({ folder }) => folder === '')?.devDependencies ?? []
  }

  checkPackage(one: Package): string[] {
    if (floorOf(one) === undefined) return [`${one.folder} stands on no floor: give it one in test/floors/floors.ts`]
    // The root's dependencies are tools, which are run and not imported.
    if (one.folder === '') return []
    const below = one.dependencies.flatMap((name) => this.#byName.get(name) ?? [])
    return [
      ...one.dependencies.filter((name) => !this.#uses(one, name, isSource)).map(unused(one)),
      ...one.devDependencies.filter((name) => !this.#usesInTests(one, name)).map(unused(one)),
      ...below
        .filter(({ folder }) => !one.references.includes(folder))
        .map(({ folder }) => `${one.folder}/tsconfig.json does not refer to ${folder}, which must be built before it`),
    ]
  }

  /** Why the file may not import that; undefined when it may. */
  checkImport(path: string, specifier: string): string | undefined {
    const own = this.#packageOf(path)
    if (own === undefined) return 'the file is in no package'
    if (/^\.\.?(\/|$)/.test(specifier)) return this.#checkPath(path, specifier, own)
    if (isBuiltin(specifier)) return undefined
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
    const other = this.#byName.get(name)
    if (other !== undefined) {
      const why = checkDoor(path, specifier, { own, other })
      if (why !== undefined || other === own) return why
    }
    if (WRAPPED[name]?.test(path) === false && isSource(path, own)) return `only ${WRAPPED[name].source} may`
    return this.#declares(path, own, name) ? undefined : `${own.folder || 'the root'} does not declare ${name}`
  }

  #checkPath(path: string, specifier: string, own: Package): string | undefined {
    const target = posix.join(posix.dirname(path), specifier)
    if (this.#packageOf(target) !== own) return 'reaches into another package by path'
    const [from, to] = [path, target].map((file) => file.slice(own.folder === '' ? 0 : own.folder.length + 1))
    if (!isSource(path, own)) return to?.startsWith('src/') ? 'tests use the built package' : undefined
    if (own.folder === '' || to === 'package.json') return undefined
    if (!to?.startsWith('src/')) return 'leaves src'
    if (posix.basename(to).startsWith('index.')) return 'inside a package files are imported, not an index'
    return checkRooms(ROOMS[own.folder], roomOf(from ?? ''), roomOf(to))
  }

  #declares(path: string, own: Package, name: string): boolean {
    if (own.dependencies.includes(name)) return true
    if (isSource(path, own) && own.folder !== '') return false
    return own.devDependencies.includes(name) || this.#rootTools.includes(name)
  }

  #usesInTests(one: Package, name: string): boolean {
    const typed = /^@types\/(.+)$/.exec(name)?.[1]
    if (typed !== undefined) return one.dependencies.includes(typed) || one.devDependencies.includes(typed)
    return this.#uses(one, name, () => true)
  }

  #uses(one: Package, name: string, where: (path: string, own: Package) => boolean): boolean {
    return Object.entries(this.#workspace.files).some(
      ([path, { specifiers, strings }]) =>
        this.#packageOf(path) === one &&
        where(path, one) &&
        [...specifiers, ...strings].some((text) => text === name || text.startsWith(`${name}/`)),
    )
  }

  /** The innermost package around the path. */
  #packageOf(path: string): Package | undefined {
    return this.#workspace.packages
      .filter(({ folder }) => folder === '' || path.startsWith(`${folder}/`))
      .sort((a, b) => b.folder.length - a.folder.length)[0]
  }
}

function checkDoor(path: string, specifier: string, { own, other }: { own: Package; other: Package }) {
  const door = `.${specifier.slice(other.name.length)}`
  if (!other.doors.includes(door)) return `goes deep: ${other.name} exports ${other.doors.join(', ')}`
  if (own === other) return isSource(path, own) ? 'a package does not import itself by name' : undefined
  const [from = 0, to = 0] = [floorOf(own), floorOf(other)]
  if (to > from) return 'goes up a floor'
  return to === from ? 'goes sideways on its floor' : undefined
}

function checkRooms(rooms: (typeof ROOMS)[string] | undefined, from: string, to: string): string | undefined {
  if (rooms === undefined) return undefined
  const below = rooms[from]
  if (below === undefined) return `the room ${from} is unknown: say in test/floors/floors.ts what is below it`
  return from === to || below.includes(to) ? undefined : `the room ${from} is not above ${to}`
}

const floorOf = ({ folder }: Package): number | undefined => FLOORS.find(([pattern]) => pattern.test(folder))?.[1]

/** Sources are what is built and published; the rest are tests and what they need. Of the root all is tests. */
const isSource = (path: string, { folder }: Package): boolean => folder !== '' && path.startsWith(`${folder}/src/`)

/** `actor` of `src/actor/pipe.ts`, '' of `src/pipe.ts`. */
const roomOf = (path: string): string => path.split('/').slice(1, -1)[0] ?? ''

const unused =
  ({ folder }: Package) =>
  (name: string): string =>
    `${folder} declares ${name} and does not use it`
