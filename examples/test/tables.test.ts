/**
 * The tables of the pages name what there is: all of it, and nothing else. Here, because the examples may import every
 * package.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { ActorOptions } from '@troupe/actors/actor'
import { FarmOptions, LevelJournalOptions } from '@troupe/actors/farm'
import { CallOptions, ConnectOptions, ServeOptions, ServeWorkersOptions } from '@troupe/actors/rpc'
import {
  AuthenticatorOptions,
  CurveSecurity,
  ReceivingOptions,
  SendingOptions,
  SocketOptions,
  TROUPE_ERROR_CODES,
} from '@troupe/core'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'

const ROOT = join(import.meta.dirname, '..', '..')
const CORE = 'packages/core/README.md'
const RPC = 'docs/rpc.md'
const SECURITY = 'docs/security.md'
const PAGES_WITH_ERRORS = [
  CORE,
  'docs/actors.md',
  'docs/supervision.md',
  'docs/farm.md',
  'docs/journal.md',
  RPC,
  SECURITY,
  'packages/cli/README.md',
]

type Shape = Readonly<Record<string, z.ZodType>>
type Row = Readonly<Record<string, string>>

const own = (shape: Shape, others: Shape = SocketOptions.shape): Shape =>
  Object.fromEntries(Object.entries(shape).filter(([name]) => !(name in others)))

const OPTIONS: ReadonlyArray<readonly [page: string, heading: string, shape: Shape]> = [
  [CORE, 'Options of every socket', SocketOptions.shape],
  [CORE, 'Options of sockets that send', own(SendingOptions.shape)],
  [CORE, 'Options of sockets that receive', own(ReceivingOptions.shape)],
  [SECURITY, 'A secured pair', CurveSecurity.shape],
  [SECURITY, 'Options of an authenticator', AuthenticatorOptions.shape],
  ['docs/actors.md', 'Options', ActorOptions.shape],
  ['docs/farm.md', 'Options', FarmOptions.shape],
  ['docs/journal.md', 'Options', LevelJournalOptions.shape],
  [RPC, 'Options of a service', ServeOptions.shape],
  [RPC, 'Options of workers', own(ServeWorkersOptions.shape, ServeOptions.shape)],
  [RPC, 'Options of a client', ConnectOptions.shape],
  [RPC, 'Options of a call', CallOptions.shape],
]

describe.each(OPTIONS)('in %s under "%s"', (page, heading, shape) => {
  const rows = tablesUnder(page, heading)[0] ?? []
  const documented = new Map(rows.map((row) => [code(row.option) ?? '', row.default ?? '']))

  it('each option has its row, and no other has one', () => {
    expect([...documented.keys()].sort()).toEqual(Object.keys(shape).sort())
  })

  it('each default that the schema has is the one that is told', () => {
    const defaults = defaultsOf(shape)
    const told = defaults.map(([name, value]) => {
      const literal = code(documented.get(name))
      // The number of the cores is told in words.
      return [name, literal === undefined && name === 'workers' ? value : runInNewContext(`(${literal})`)]
    })
    expect(told).toEqual(defaults)
  })
})

it('all tables but those of a call and of CURVE, which have none, are of options with defaults', () => {
  const without = OPTIONS.filter(([, , shape]) => defaultsOf(shape).length === 0)
  expect(without.map(([, heading]) => heading)).toEqual(['A secured pair', 'Options of a call'])
})

describe('the tables of errors', () => {
  const codes = PAGES_WITH_ERRORS.map((page) => {
    const cells = tablesUnder(page, 'Errors')
      .flat()
      .map((row) => row.code ?? '')
    return [page, cells.flatMap((cell) => [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => name))] as const
  })

  it('together name every code, and no other', () => {
    const named = codes.flatMap(([, names]) => names)
    expect([...new Set(named)].sort()).toEqual([...TROUPE_ERROR_CODES].sort())
  })

  it.each(codes)('%s has one', (_, names) => {
    expect(names.length).toBeGreaterThan(0)
  })
})

/** The options that have a default, each with it. */
const defaultsOf = (shape: Shape): (readonly [string, unknown])[] =>
  Object.entries(shape).flatMap(([name, schema]) => {
    const { data } = schema.safeParse(undefined)
    return data === undefined ? [] : [[name, data] as const]
  })

/** The tables of a page from a heading to the next, each row by its columns. */
function tablesUnder(page: string, heading: string): Row[][] {
  const text = readFileSync(join(ROOT, page), 'utf8')
  const [, section = ''] = text.split(new RegExp(`^##+ ${heading}$`, 'm'))
  const tables = section.split(/^#/m)[0]!.matchAll(/(?:^\|.*\|\n)+/gm)
  return [...tables].map(([table]) => {
    const [head = [], , ...rows] = table.trimEnd().split('\n').map(cellsOf)
    return rows.map((cells) => Object.fromEntries(head.map((name, column) => [name, cells[column] ?? ''])))
  })
}

const cellsOf = (line: string): string[] =>
  line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim())

/** What a cell says that is code and nothing else. */
const code = (cell = ''): string | undefined => /^`([^`]+)`$/.exec(cell)?.[1]
