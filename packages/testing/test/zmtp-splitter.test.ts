import { describe, expect, it } from 'vitest'
import { ZmtpSplitter } from '../dist/chaos/zmtp-splitter.js'

const GREETING = Buffer.alloc(64, 1)
const short = (text: string, flags: number) => Buffer.concat([Buffer.from([flags, text.length]), Buffer.from(text)])
const long = (text: string) => {
  const head = Buffer.alloc(9, 2)
  head.writeBigUInt64BE(BigInt(text.length), 1)
  return Buffer.concat([head, Buffer.from(text)])
}
const MESSAGES = [short('READY', 4), Buffer.concat([short('head', 1), long('x'.repeat(300))]), short('one', 0)]

describe('what one end of a ZeroMQ connection sends', () => {
  it.each([1, 7, 64, 1_000])('is cut into its messages, however it comes: %i bytes at a time', (size) => {
    const splitter = new ZmtpSplitter()
    const sent = Buffer.concat([GREETING, ...MESSAGES])
    const all: Buffer[] = []
    for (let at = 0; at < sent.length; at += size) all.push(...splitter.push(sent.subarray(at, at + size)))
    expect(all.slice(-MESSAGES.length)).toEqual(MESSAGES)
    expect(Buffer.concat(all)).toEqual(sent)
  })

  it('passes its greeting before that is complete, for each end waits for the beginning of the other', () => {
    expect(new ZmtpSplitter().push(GREETING.subarray(0, 10))).toEqual([GREETING.subarray(0, 10)])
  })
})
