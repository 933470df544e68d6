/**
 * Z85 (RFC 32): the text of a key, five characters for each four bytes.
 */
const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'
const VALUES = new Map([...ALPHABET].map((character, value) => [character, value]))

/** @param bytes a multiple of four of them */
export function encodeZ85(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    let rest = view.getUint32(at)
    let five = ''
    for (let n = 0; n < 5; n++) {
      five = ALPHABET[rest % 85]! + five
      rest = Math.floor(rest / 85)
    }
    text += five
  }
  return text
}

/** The bytes, or undefined where the text is none. */
export function decodeZ85(text: string): Buffer | undefined {
  if (text.length % 5 !== 0) return undefined
  const bytes = Buffer.alloc((text.length / 5) * 4)
  for (let at = 0; at < text.length; at += 5) {
    let word = 0
    for (const character of text.slice(at, at + 5)) {
      const value = VALUES.get(character)
      if (value === undefined) return undefined
      word = word * 85 + value
    }
    if (word > 0xffff_ffff) return undefined
    bytes.writeUInt32BE(word, (at / 5) * 4)
  }
  return bytes
}
