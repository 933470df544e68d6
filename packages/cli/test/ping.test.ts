import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open, type Service } from './open-shop.js'
import { linesOf, recordsOf, troupe } from './troupe.js'

let shop: Service
beforeAll(async () => {
  shop = await open()
})
afterAll(() => shop.stop())

describe('troupe ping', () => {
  it('writes the health of a server, and how long it took to ask', async () => {
    const { status, stdout, stderr } = await troupe(['ping', shop.endpoint])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const [health] = recordsOf(stdout)
    expect(health).toMatchObject({ status: 'serving', service: 'shop', version: '2', running: 0, queued: 0 })
    expect(health!.ms).toBeGreaterThan(0)
  })

  it('asks as often as it is told, in one session, and sums up', async () => {
    const { status, stdout, stderr } = await troupe(['ping', shop.endpoint, '--count', '5', '--interval-ms', '1'])
    expect(status).toBe(0)
    // That of the command before may be there still.
    expect(new Set(recordsOf(stdout).map(({ sessions }) => sessions)).size).toBe(1)
    expect(stderr).toMatch(
      /^troupe: 5 of 5 answered, in [\d.]+ ms at least, [\d.]+ ms in the middle, [\d.]+ ms at most\n$/,
    )
  })

  it('ends with 1 when nobody answers, and says so each time', async () => {
    const options = ['--count', '2', '--interval-ms', '1', '--timeout-ms', '100']
    const { status, stdout, stderr } = await troupe(['ping', `ipc://${shop.nowhere}`, ...options])
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(linesOf(stderr)).toEqual([
      expect.stringContaining('(UNAVAILABLE)'),
      expect.stringContaining('(UNAVAILABLE)'),
      'troupe: 0 of 2 answered',
    ])
  })

  it('ends with 2 when it cannot ask', async () => {
    for (const [endpoint, options, code] of [
      ['nowhere', [], 'INVALID_ENDPOINT'],
      [shop.endpoint, ['--count', '0'], 'INVALID_OPTIONS'],
    ] as const) {
      const { status, stderr } = await troupe(['ping', endpoint, ...options])
      expect(status).toBe(2)
      expect(stderr).toContain(`(${code})`)
    }
  })
})
