/**
 * What goes through the pipe to an actor elsewhere and back: a kind, a number, and a body packed as msgpack.
 */

/** From the owner. */
export const TO_ACTOR = {
  message: 0,
  ask: 1,
  notice: 2,
  /** `$TERM`: nothing more comes. */
  end: 3,
  /** The owner has taken so many messages of the actor. */
  heard: 4,
  /** What became of a call, by its number. */
  called: 5,
  /** Nobody waits any more for the answer to the ask of that number. */
  withdrawn: 6,
} as const

/** From the actor. */
export const FROM_ACTOR = {
  message: 0,
  /** As `message`, but nobody waits for room. */
  emitted: 1,
  /** What became of an ask, by its number. */
  answer: 2,
  snapshot: 3,
  keep: 4,
  dead: 5,
  call: 6,
  /** The actor has taken so many letters in all: words that say so too may overtake it. */
  taken: 7,
  /** Nothing more comes. */
  end: 8,
  /** An inspection event of its machines, and a transition: only while the owner wants them. */
  inspected: 9,
  transition: 10,
} as const

export interface Frame {
  readonly kind: number
  readonly number: number
  readonly body: Uint8Array
}

export const NO_BODY = new Uint8Array()

/** How many letters may be on their way to an actor, or in its host, beside those in its mailbox. */
export const LETTERS_AHEAD = 128

const HEADER_BYTES = 9

/** The frame as the parts of a multipart message. */
export function partsOfFrame({ kind, number, body }: Frame): Uint8Array[] {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt8(kind, 0)
  header.writeDoubleLE(number, 1)
  return [header, body]
}

/** The frame of such parts; undefined for what is none. */
export function frameOfParts(parts: readonly Uint8Array[]): Frame | undefined {
  const [header, body] = parts
  if (parts.length !== 2 || header?.length !== HEADER_BYTES || body === undefined) return undefined
  const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES)
  return { kind: view.getUint8(0), number: view.getFloat64(1, true), body }
}
