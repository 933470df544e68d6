/**
 * The parts of a message, as a socket or a pipe carries them.
 */

export type Parts = readonly Uint8Array[]

/** Whether a message of a pipe can be a frame. */
export const isParts = (message: unknown): message is Parts =>
  Array.isArray(message) && message.every((part) => part instanceof Uint8Array)

/** The same memory as a Buffer: what comes from another thread is none. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
