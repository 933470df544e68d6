import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { checkFloors, type Package, type Workspace } from './floors/floors.js'
import { importsOf } from './floors/imports-of.js'
import { readWorkspace } from './floors/read-workspace.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

describe('the house', () => {
  const workspace = readWorkspace(ROOT)

  it('has no import that goes up, sideways or deep, and declares what it uses', () => {
    expect(checkFloors(workspace)).toEqual([])
  })

  it('is read whole', () => {
    const folders = workspace.packages.map(({ folder }) => folder)
    expect(folders).toEqual(expect.arrayContaining(['', 'packages/core', 'packages/patterns/pair', 'examples']))
    expect(workspace.files['packages/core/src/socket/raw.ts']?.specifiers).toContain('zeromq')
    expect(workspace.files['packages/actors/src/actor/pipe-socket.ts']?.specifiers).toContain('@troupe/pair')
    expect(workspace.files['test/floors.test.ts']?.specifiers).toContain('./floors/floors.js')
  })
})

describe('a made-up house', () => {
  it('stands when every import goes down through a door', () => {
    expect(wrongs({})).toEqual([])
  })

  it.each([
    ['up a floor', 'packages/core/src/x.ts', `import { task } from '@troupe/actors/farm'`, 'goes up a floor'],
    ['up by a type', 'packages/core/src/x.ts', `import type { A } from '@troupe/pair'`, 'goes up a floor'],
    ['up in a test', 'packages/core/test/x.ts', `await import('@troupe/pair')`, 'goes up a floor'],
    ['sideways between patterns', 'packages/patterns/pair/src/x.ts', `export * from '@troupe/push'`, 'goes sideways'],
    ['sideways at the top', 'packages/bench/src/x.ts', `import 'troupe'`, 'goes sideways'],
    ['from the top to an example', 'packages/cli/src/x.ts', `import '@troupe/examples'`, 'goes up a floor'],
    [
      'past the doors',
      'examples/src/x.ts',
      `import '@troupe/core/dist/errors.js'`,
      'goes deep: @troupe/core exports .',
    ],
    ['a room without a door', 'examples/src/x.ts', `import '@troupe/actors/bus'`, 'goes deep'],
    ['deep by a type', 'examples/src/x.ts', `let a: import('@troupe/core/src/a.js').A`, 'goes deep'],
    ['by path', 'packages/actors/src/farm/x.ts', `import '../../../core/src/a.js'`, 'reaches into another package'],
    ['by path, from a test', 'packages/actors/test/x.ts', `import '../../core/dist/a.js'`, 'reaches into another'],
    ['a test', 'packages/core/src/x.ts', `import '../test/a.js'`, 'leaves src'],
    ['sources in a test', 'packages/core/test/x.ts', `import '../src/a.js'`, 'tests use the built package'],
    ['its own index', 'packages/core/src/x.ts', `import { a } from './index.js'`, 'not an index'],
    ['its own name', 'packages/core/src/x.ts', `import { a } from '@troupe/core'`, 'does not import itself by name'],
    ['a room above', 'packages/actors/src/actor/x.ts', `import '../supervisor/a.js'`, 'actor is not above supervisor'],
    [
      'a farm from below',
      'packages/actors/src/supervisor/x.ts',
      `import '../farm/a.js'`,
      'supervisor is not above farm',
    ],
    ['from a new room', 'packages/actors/src/bus/x.ts', `import '../actor/a.js'`, 'the room bus is unknown'],
    ['what is not declared', 'packages/core/src/x.ts', `import _ from 'lodash/fp'`, 'does not declare lodash'],
    ['a tool in a source', 'packages/core/src/x.ts', `import { it } from 'vitest'`, 'does not declare vitest'],
    ['a type that is not declared', 'packages/core/src/x.ts', `import type { A } from '@a/b'`, 'does not declare @a/b'],
    ['by require', 'packages/core/src/x.ts', `createRequire(u); require('lodash')`, 'does not declare lodash'],
    ['by import.meta.resolve', 'packages/core/src/x.ts', `import.meta.resolve('lodash')`, 'does not declare lodash'],
    ['zeromq outside its rooms', 'packages/core/src/x.ts', `import 'zeromq'`, 'only ^packages'],
    ['pino outside the log', 'packages/core/src/socket/x.ts', `import type { Logger } from 'pino'`, 'only ^packages'],
  ])('falls when a file imports %s', (_, path, text, why) => {
    const found = wrongs({ [path]: text })
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(path)
    expect(found[0]).toMatch(why)
  })

  it('lets a test use its own package by name, the tools of the root, and what its package wraps', () => {
    const text = `import '@troupe/core'; import 'vitest'; import 'zeromq'; import './help.js'; import '../dist/a.js'`
    expect(wrongs({ 'packages/core/test/a.test.ts': text })).toEqual([])
  })

  it('lets a farm import the rooms below it', () => {
    expect(wrongs({ 'packages/actors/src/farm/x.ts': `import '../actor/a.js'; import '../supervisor/a.js'` })).toEqual(
      [],
    )
  })

  it('falls when a package declares what it does not use', () => {
    expect(wrongs({ 'packages/core/src/log.ts': '' })).toEqual(['packages/core declares pino and does not use it'])
  })

  it('falls when only a test uses what the package declares for its users', () => {
    const files = { 'packages/core/src/log.ts': '', 'packages/core/test/log.test.ts': `import 'pino'` }
    expect(wrongs(files)).toEqual(['packages/core declares pino and does not use it'])
  })

  it('counts a name in a string as a use', () => {
    expect(wrongs({ 'packages/core/src/log.ts': `const transport = 'pino/file'` })).toEqual([])
  })

  it('falls when what a package depends on is not built before it', () => {
    const packages = HOUSE.map((one) => (one.name === '@troupe/pair' ? { ...one, references: [] } : one))
    expect(wrongs({}, packages)).toEqual([
      expect.stringMatching(/pair\/tsconfig.json does not refer to packages\/core/),
    ])
  })

  it('falls when a package stands on no floor', () => {
    const attic = made('packages/attic', '@troupe/attic', [])
    expect(wrongs({}, [...HOUSE, attic])).toEqual([expect.stringMatching(/^packages\/attic stands on no floor/)])
  })

  it('falls when a development dependency is not used', () => {
    const packages = HOUSE.map((one) => (one.name === 'troupe' ? { ...one, devDependencies: ['@types/pino'] } : one))
    expect(wrongs({}, packages)).toEqual(['packages/cli declares @types/pino and does not use it'])
  })
})

const HOUSE: readonly Package[] = [
  { ...made('', 'house', []), devDependencies: ['vitest'] },
  made('packages/core', '@troupe/core', ['zeromq', 'pino']),
  made('packages/patterns/pair', '@troupe/pair', ['@troupe/core']),
  made('packages/patterns/push', '@troupe/push', ['@troupe/core']),
  { ...made('packages/actors', '@troupe/actors', ['@troupe/core', '@troupe/pair']), doors: ['./actor', './farm'] },
  made('packages/cli', 'troupe', ['@troupe/actors']),
  made('packages/bench', '@troupe/bench', ['@troupe/actors', 'zeromq']),
  made('examples', '@troupe/examples', ['@troupe/core', '@troupe/actors']),
]

const FILES: Readonly<Record<string, string>> = {
  'packages/core/src/index.ts': `export { a } from './a.js'`,
  'packages/core/src/log.ts': `import { pino } from 'pino'; import 'node:fs'`,
  'packages/core/src/socket/raw.ts': `import 'zeromq'; import '../log.js'`,
  'packages/patterns/pair/src/a.ts': `import '@troupe/core'`,
  'packages/patterns/push/src/a.ts': `import '@troupe/core'`,
  'packages/actors/src/actor/a.ts': `import '@troupe/core'; await import('@troupe/pair')`,
  'packages/cli/src/a.ts': `import '@troupe/actors/farm'; import manifest from '../package.json' with { type: 'json' }`,
  'packages/bench/src/a.ts': `import '@troupe/actors/actor'; import 'zeromq'`,
  'examples/src/a.ts': `import '@troupe/core'; import '@troupe/actors/farm'; import './b.js'`,
}

/** A package that exports its index and is built after what it depends on. */
function made(folder: string, name: string, dependencies: readonly string[]): Package {
  const folders: Readonly<Record<string, string>> = {
    '@troupe/core': 'packages/core',
    '@troupe/pair': 'packages/patterns/pair',
    '@troupe/actors': 'packages/actors',
  }
  const references = dependencies.flatMap((dependency) => folders[dependency] ?? [])
  return { folder, name, dependencies, references, doors: ['.'], devDependencies: [] }
}

/** What is wrong with a house of these files besides those that are right. */
function wrongs(files: Readonly<Record<string, string>>, packages = HOUSE): string[] {
  const read = Object.entries({ ...FILES, ...files }).map(([path, text]) => [path, importsOf(path, text)] as const)
  const workspace: Workspace = { packages, files: Object.fromEntries(read) }
  return checkFloors(workspace)
}
