import { readFileSync } from 'node:fs'
import { TROUPE_ERROR_CODES } from '@troupe/core'
import { expect, it } from 'vitest'
import * as wire from '../../dist/rpc/wire.js'

const document = readFileSync(new URL('../../../../docs/wire/rpc.md', import.meta.url), 'utf8')

it('docs/wire/rpc.md has each kind of item with its number', () => {
  const described = [...document.matchAll(/^\| (\d+) +\| ([A-Z]+) /gm)].map(([, number, name]) => [
    name,
    Number(number),
  ])
  const { RELEASED, WIRE_VERSION, ...others } = wire
  const kinds = Object.entries(others).filter(([, value]) => typeof value === 'number')
  expect(described.sort()).toEqual(kinds.sort())
  expect(document).toContain(`# The wire of RPC, version ${WIRE_VERSION}\n`)
})

it('docs/wire/rpc.md names error codes that Troupe has', () => {
  const tables = document.slice(document.indexOf('### Errors'))
  const named = [...tables.matchAll(/^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*)/gm)].flatMap(([, list = '']) => list.split(', '))
  expect(named.length).toBeGreaterThan(12)
  for (const code of named) expect(TROUPE_ERROR_CODES).toContain(code.replaceAll('`', ''))
})

it('docs/wire/rpc.md has a session whose every frame can be read', () => {
  const session = document.slice(document.indexOf('## A session'))
  const frames = session.matchAll(/^ {4}(client|server): (\[[\s\S]*?\])\n(?= {4}(?:client|server)|$)/gm)
  const sides = new Map([
    ['client', 0],
    ['server', 0],
  ])
  const read: unknown[] = []
  for (const [, side = '', text = ''] of frames) {
    const frame = wire.decodeFrame(Buffer.from(text))
    expect([text, frame?.sequence]).toEqual([text, sides.get(side)! + 1])
    sides.set(side, frame!.sequence)
    read.push(...frame!.items.map(reading))
  }
  expect([...sides.values()]).toEqual([4, 3])
  expect(read).toMatchObject([
    { version: 1, service: 'pricing' },
    { service: 'pricing', window: 256 },
    { id: 1, procedure: 'quote', leftMs: 5_000, credit: 0, input: 'ACME' },
    { id: 2, procedure: 'ticks', leftMs: undefined, credit: 2, input: 'ACME' },
    wire.REPLY,
    wire.ITEM,
    wire.ITEM,
    wire.CREDIT,
    wire.ITEM,
    wire.END,
    wire.BYE,
  ])
})

/** What an item says, where there is more to it than its kind. */
function reading(item: wire.Item): unknown {
  if (item[0] === wire.HELLO) return wire.readHello(item)
  if (item[0] === wire.WELCOME) return wire.readWelcome(item)
  return item[0] === wire.CALL ? wire.readCall(item) : item[0]
}
