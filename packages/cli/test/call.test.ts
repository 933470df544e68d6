import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call as makeCall } from '../dist/call.js'
import { open, type Service } from './open-shop.js'
import { Command, linesOf, type Result, troupe } from './troupe.js'

let shop: Service
beforeAll(async () => {
  shop = await open()
})
afterAll(() => shop.stop())

const call = (name: string, ...more: string[]): Promise<Result> => troupe(['call', shop.endpoint, name, ...more])
const fed = (stdin: string, name: string, ...more: string[]) => troupe(['call', shop.endpoint, name, ...more], stdin)

describe('troupe call', () => {
  it('writes the output as JSON', async () => {
    const { status, stdout, stderr } = await call('shop.quote', '{"ticker": "ACME"}')
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '{"ticker":"ACME","price":12.5}\n', stderr: '' })
  })

  it('reads the input from stdin where that is -', async () => {
    expect((await fed('{"ticker":\n"ACME"}\n', 'shop.quote', '-')).stdout).toBe('{"ticker":"ACME","price":12.5}\n')
  })

  it('writes null for a procedure that gives nothing', async () => {
    expect(await call('shop.nothing')).toMatchObject({ status: 0, stdout: 'null\n' })
  })

  it('writes bytes as base64 and times as ISO 8601', async () => {
    const { stdout } = await call('shop.picture')
    expect(JSON.parse(stdout)).toEqual({ bytes: 'AQL/', when: '1970-01-01T00:00:00.000Z' })
  })

  it('sends metadata', async () => {
    const { stdout } = await call('shop.caller', '--metadata', 'user=ann=x', 'other=1')
    expect(JSON.parse(stdout)).toMatchObject({ user: 'ann=x' })
  })

  it('writes the items of a stream as lines', async () => {
    expect(await call('shop.ticks', '{"count": 3}')).toMatchObject({ status: 0, stdout: '1\n2\n3\n' })
  })

  it('reads a stream as lines from stdin', async () => {
    expect(await fed('1\n2\n\n3', 'shop.total')).toMatchObject({ status: 0, stdout: '6\n' })
    expect(await fed('', 'shop.total')).toMatchObject({ status: 0, stdout: '0\n' })
  })

  it('answers each line as it comes, where both ways are streams', async () => {
    const command = new Command(['call', shop.endpoint, 'shop.doubled'])
    for (const number of [1, 2]) {
      command.child.stdin.write(`${number}\n`)
      const [chunk] = await once(command.child.stdout, 'data')
      expect(String(chunk)).toBe(`${2 * number}\n`)
    }
    command.child.stdin.end()
    expect(await command.result).toMatchObject({ status: 0, stdout: '2\n4\n' })
  })

  it('tells an error that the contract declares with its kind and data', async () => {
    const { status, stdout, stderr } = await call('shop.quote', '{"ticker": "X"}')
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toBe('troupe: call shop.quote failed with UNKNOWN {"ticker":"X"}: there is no X (DECLARED_ERROR)\n')
  })

  it.each([
    ['shop.fail', [], 'out of order', 'CALL_FAILED'],
    ['shop.quote', ['{"ticker": 5}'], 'ticker: ', 'INVALID_INPUT'],
    ['shop.rest', ['60000', '--timeout-ms', '100'], '100 ms', 'TIMEOUT'],
    ['shop.rest', ['60000', '--timeout', '100'], '100 ms', 'TIMEOUT'],
  ])('ends with 1 and one line when the call fails: %s %j', async (name, more, why, code) => {
    const { status, stdout, stderr } = await call(name, ...more)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(linesOf(stderr)).toEqual([expect.stringMatching(new RegExp(`^troupe: .*${why}.* \\(${code}\\)$`))])
  })

  it('ends with 1 when a line of its stream is not JSON', async () => {
    const { status, stderr } = await fed('1\nx\n', 'shop.total')
    expect(status).toBe(1)
    expect(stderr).toMatch(/^troupe: line 2 is not JSON.*\(DECODE_FAILED\)\n$/)
  })

  it.each([
    ['shop.nope', undefined, {}, 'quote, ticks', 'UNKNOWN_PROCEDURE'],
    ['market.quote', undefined, {}, 'is shop, not market', 'UNKNOWN_SERVICE'],
    ['quote', undefined, {}, 'service.procedure', 'INVALID_OPTIONS'],
    ['shop.quote', '{ticker}', {}, 'the input is not JSON', 'DECODE_FAILED'],
    ['shop.total', '-', {}, 'stdin is the stream', 'INVALID_OPTIONS'],
    ['shop.quote', undefined, { metadata: ['user'] }, 'key=value', 'INVALID_OPTIONS'],
    ['shop.quote', undefined, { timeoutMs: 'soon' }, 'timeoutMs', 'INVALID_OPTIONS'],
  ])('cannot be made: %s %s %j', async (name, input, options, why, code) => {
    await expect(makeCall({ endpoint: shop.endpoint, name, input }, options, process)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(why),
    })
  })

  it('ends with 2 and one line when it cannot be made, as where nobody answers', async () => {
    const { status, stderr } = await troupe(['call', `ipc://${shop.nowhere}`, 'shop.quote'])
    expect(status).toBe(2)
    expect(stderr).toMatch(/^troupe: [^\n]*does not answer[^\n]* \(UNAVAILABLE\)\n$/)
  })

  it('is cancelled by Ctrl-C', async () => {
    const command = new Command(['call', shop.endpoint, 'shop.ticks', '{"count": -1}'])
    await expect.poll(() => shop.stats.running, { timeout: 10_000 }).toBe(1)
    command.interrupt()
    expect(await command.result).toMatchObject({ signal: 'SIGINT', stderr: '' })
    await expect.poll(() => shop.stats.running, { timeout: 10_000 }).toBe(0)
  })

  it('is cancelled, quietly, when the reader of its output goes away', async () => {
    const command = new Command(['call', shop.endpoint, 'shop.ticks', '{"count": 1e9}'], 'unread')
    await once(command.child.stdout, 'data')
    command.child.stdout.destroy()
    expect(await command.result).toMatchObject({ status: 141, stderr: '' })
    await expect.poll(() => shop.stats.running, { timeout: 10_000 }).toBe(0)
  })
})
