/**
 * The page on dependencies has all that is installed with the published packages: each that is ours to name with a reason.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { judge } from '../scripts/audit.mjs'
import { graphOf, productionGraph } from '../scripts/production-graph.mjs'
import { rowsUnder } from './rows-under.js'

const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'dependencies.md'), 'utf8')
const graph = productionGraph()
const direct = graph.filter(({ isDirect }) => isDirect)
const needed = graph.filter(({ isDirect, isOptional }) => !isDirect && !isOptional)
const optional = graph.filter(({ isDirect, isOptional }) => !isDirect && isOptional)

const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ')
const listed = (dependencies: typeof graph) =>
  dependencies.map(({ name, broughtBy }) => [code([name]), code(broughtBy)])

describe('the page on dependencies', () => {
  it('has each that a published package names, who needs it, and a reason', () => {
    const rows = rowsUnder(page, '## Those that ours name')
    expect(rows.map(([name, by]) => [name, by])).toEqual(listed(direct))
    expect(rows.filter(([, , reason = '']) => reason.length < 10)).toEqual([])
  })

  it('has each that these bring, and who brings it', () => {
    expect(rowsUnder(page, '## Those that these bring')).toEqual(listed(needed))
    expect(rowsUnder(page, '## Optional ones')).toEqual(listed(optional))
  })

  it('tells their numbers', () => {
    const numbers = `**${graph.length} packages**: ${direct.length} that ours name, ${needed.length} that those bring, and ${optional.length} optional ones`
    expect(page).toContain(numbers)
  })
})

describe('the graph of what is installed', () => {
  const lockfile = `lockfileVersion: '9.0'

importers:

  .:
    devDependencies:
      build-tool:
        specifier: ^1.0.0
        version: 1.0.0

  packages/one:
    dependencies:
      '@ours/two':
        specifier: workspace:^
        version: link:../two
      '@scope/a':
        specifier: ^1.0.0
        version: 1.0.0(b@2.0.0)
    optionalDependencies:
      c:
        specifier: ^1.0.0
        version: 1.0.0
    devDependencies:
      d:
        specifier: ^1.0.0
        version: 1.0.0

  packages/private:
    dependencies:
      e:
        specifier: ^1.0.0
        version: 1.0.0

packages:

  '@scope/a@1.0.0':
    resolution: {integrity: sha512-x}

snapshots:

  '@scope/a@1.0.0(b@2.0.0)':
    dependencies:
      b: 2.0.0
    optionalDependencies:
      f: 1.0.0
    transitivePeerDependencies:
      - g

  b@2.0.0: {}

  c@1.0.0:
    dependencies:
      '@scope/a': 1.0.0(b@2.0.0)
      h: 1.0.0

  f@1.0.0:
    optional: true
`

  it('has what the published packages need, and neither what builds them nor what private ones need', () => {
    expect(graphOf(lockfile, new Map([['packages/one', '@ours/one']]))).toEqual([
      { name: '@scope/a', broughtBy: ['@ours/one', 'c'], isDirect: true, isOptional: false },
      { name: 'b', broughtBy: ['@scope/a'], isDirect: false, isOptional: false },
      { name: 'c', broughtBy: ['@ours/one'], isDirect: true, isOptional: true },
      { name: 'f', broughtBy: ['@scope/a'], isDirect: false, isOptional: true },
      { name: 'h', broughtBy: ['c'], isDirect: false, isOptional: true },
    ])
  })
})

describe('the audit', () => {
  const answer = (module_name: string, severity: string) =>
    JSON.stringify({ advisories: { 1: { module_name, severity, title: 'bad', url: 'https://example.org/1' } } })
  const audited = (text: string, complaint = '') => judge(text, complaint, new Set(['installed']))

  it.each(['moderate', 'high', 'critical'])('fails on what is installed and has a %s vulnerability', (severity) => {
    const line = `installed: ${severity}: bad (https://example.org/1)`
    expect(audited(answer('installed', severity))).toMatchObject({ isFailure: true, lines: [line, expect.anything()] })
  })

  it.each([
    ['a low one', answer('installed', 'low')],
    ['one of what is not installed', answer('other', 'critical')],
    ['none', '{"advisories":{}}'],
  ])('does not fail on %s', (_, text) => {
    expect(audited(text)).toEqual({ isFailure: false, lines: ['1 packages, 0 vulnerabilities'] })
  })

  it('says that a registry does not answer, and fails on what cannot be read', () => {
    const unanswered = audited('', 'Error: ERR_PNPM_AUDIT_BAD_RESPONSE\n the audit endpoint responded with 405')
    expect(unanswered).toMatchObject({
      isFailure: false,
      lines: [expect.stringMatching(/^NOT AUDITED/), expect.anything()],
    })
    expect(audited('', 'npm error code ECONNREFUSED').isFailure).toBe(false)
    expect(audited('', 'TypeError: x is not a function').isFailure).toBe(true)
    expect(audited('', '').isFailure).toBe(true)
  })
})
