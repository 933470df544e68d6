/**
 * Only what a contract has is run, whatever the names are that come.
 */
import { ZMQDealer } from '@troupe/dealer-router'
import { describe, expect, it } from 'vitest'
import { decodeFrame, encodeFrame, type Item, readCall, readWelcome } from '../../dist/rpc/wire.js'
import { closing, GROUNDS, openKitchen } from './open-service.js'

const NAMES = [
  'constructor',
  'toString',
  '__proto__',
  'hasOwnProperty',
  'prototype',
  'valueOf',
  '$constructor',
  '$__proto__',
]

describe.each(GROUNDS)('a service %s', (_name, ground) => {
  it.each(['msgpack', 'json'] as const)('knows no procedure that its contract has not, in %s', async (encoding) => {
    const service = await openKitchen(ground())
    const raw = closing(new ZMQDealer(service.endpoint, { codec: 'frames', lingerMs: 0 }), (dealer) => dealer.close())
    const calls = NAMES.map((name, index): Item => [4, index + 1, name, 5_000, null, { text: 'x' }])
    await raw.send([encodeFrame(1, [[1, 1, 'kitchen'], ...calls], encoding)])
    const codes = new Map<unknown, unknown>()
    for await (const [part] of raw) {
      for (const [kind, id, error] of decodeFrame(part!)!.items) {
        if (kind === 6) codes.set(id, (error as { code: string }).code)
      }
      if (codes.size === NAMES.length) break
    }
    expect([...codes]).toEqual(NAMES.map((_, index) => [index + 1, 'UNKNOWN_PROCEDURE']))
  })
})

describe('a WELCOME', () => {
  const options = { service: 's', contractVersion: null, instance: 'i', window: 1, maxMessageBytes: 1_024 }
  it.each([
    [2 ** 31 - 1, Number.MAX_SAFE_INTEGER, true],
    [2 ** 31, 1, false],
    [1, Number.POSITIVE_INFINITY, false],
    [0, 1, false],
  ])('with a heartbeat of %d ms and a liveness of %d ms can be read: %s', (heartbeatMs, livenessMs, isRead) => {
    expect(readWelcome([2, 1, { ...options, heartbeatMs, livenessMs }]) !== undefined).toBe(isRead)
  })
})

describe('a frame', () => {
  const frame = (value: string) => Buffer.from(`[1,[4,1,"echo",null,${value}]]`)

  it('has metadata as data, whatever its names are', () => {
    const item = decodeFrame(frame('{"metadata":{"constructor":"a","__proto__":"b"}}'))!.items[0]!
    const { metadata } = readCall(item)!
    expect(Object.entries(metadata!)).toEqual([
      ['constructor', 'a'],
      ['__proto_', 'b'],
    ])
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype)
  })

  it('is no call with metadata that is no text, and only the first is looked at', () => {
    const metadata = JSON.stringify({ metadata: Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [n, n])) })
    expect(readCall(decodeFrame(frame(metadata))!.items[0]!)).toBeUndefined()
  })

  it.each([
    ['a reference', '92 01 92 04 d66900000001 91 d67000000001'],
    ['a regular expression', '92 01 92 04 c7007892a161a0'],
    ['an undefined', '92 01 92 04 d40000'],
    ['a list longer than it is', '92 01 dd ffffffff'],
    ['lists in lists', `92 01 ${'91'.repeat(1_000)}`],
  ])('is none with %s', (_what, hex) => {
    expect(decodeFrame(Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toBeUndefined()
  })

  it('is none in JSON that is nested too deeply', () => {
    expect(decodeFrame(Buffer.from(`[1,[4,${'['.repeat(5_000_000)}${']'.repeat(5_000_000)}]]`))).toBeUndefined()
  })
})
