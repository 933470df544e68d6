/**
 * Small limits, so that a peer is full soon: libzmq's queues and the kernel's. And what fills them.
 */
export const SMALL = {
  codec: 'bytes',
  sendHighWaterMark: 2,
  receiveHighWaterMark: 2,
  sendBufferBytes: 4_096,
  receiveBufferBytes: 4_096,
} as const

/** A message that begins with its number, and is larger than what the kernel buffers. */
export const large = (number: number) => new Uint8Array(65_536).fill(number, 0, 1)

/** Sends messages, each with its number, until none is taken any more; returns how many were. */
export async function fill(send: (message: Uint8Array) => Promise<void>): Promise<number> {
  for (let sent = 0; ; sent++) {
    const taken = await send(large(sent)).then(
      () => true,
      () => false,
    )
    if (!taken) return sent
  }
}

export const firstBytes = (messages: Uint8Array[]) => messages.map((bytes) => bytes[0])
export const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)
