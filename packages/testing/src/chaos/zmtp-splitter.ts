/**
 * Cuts what one end of a ZeroMQ connection sends into its messages, as ZMTP 3 frames them.
 */

/** The greeting, after which the frames begin. */
const GREETING_BYTES = 64
const MORE = 0x01
const LONG = 0x02

export class ZmtpSplitter {
  #greetingLeft = GREETING_BYTES
  #rest: Buffer = Buffer.alloc(0)

  /**
   * The messages that are complete with these bytes, as they were sent, with all their frames. The greeting passes as it
   * comes: each end waits for the beginning of the other's.
   */
  push(bytes: Buffer): Buffer[] {
    const greeting = bytes.subarray(0, this.#greetingLeft)
    this.#greetingLeft -= greeting.length
    this.#rest = Buffer.concat([this.#rest, bytes.subarray(greeting.length)])
    const all = greeting.length > 0 ? [greeting] : []
    for (let size = messageSize(this.#rest); size !== undefined; size = messageSize(this.#rest)) {
      all.push(this.#rest.subarray(0, size))
      this.#rest = this.#rest.subarray(size)
    }
    return all
  }
}

/** How many bytes its first message has; undefined when it is not all there. */
function messageSize(bytes: Buffer): number | undefined {
  let at = 0
  for (;;) {
    const flags = bytes[at]
    if (flags === undefined) return undefined
    const isLong = (flags & LONG) !== 0
    const head = at + (isLong ? 9 : 2)
    if (bytes.length < head) return undefined
    at = head + (isLong ? Number(bytes.readBigUInt64BE(at + 1)) : bytes[at + 1]!)
    if (bytes.length < at) return undefined
    if ((flags & MORE) === 0) return at
  }
}
