/**
 * JSON that comes from outside. `JSON.parse` takes any depth, and a key `__proto__`, which turns on whoever copies it to another
 * object key by key.
 */
import { MAX_DEPTH, MAX_OBJECTS, MAX_VALUES, tooDeep, tooMany } from './message-limits.js'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Also with any of its characters escaped. */
const PROTO_KEY =
  /"(?:_|\\u005[fF]){2}(?:p|\\u0070)(?:r|\\u0072)(?:o|\\u006[fF])(?:t|\\u0074)(?:o|\\u006[fF])(?:_|\\u005[fF]){2}"\s*:/

/**
 * The value of a JSON text. A key `__proto__` becomes `__proto_`, as in msgpack.
 * @throws {SyntaxError} for what is no JSON
 * @throws {RangeError} for what is nested too deeply, or has too many lists and objects
 */
export function parseJson(text: string): unknown {
  assertJsonLimits(text)
  const mayHaveProto = text.includes('__proto__') || text.includes('\\u')
  return mayHaveProto && PROTO_KEY.test(text) ? JSON.parse(text, renameProto) : JSON.parse(text)
}

/** @throws {RangeError} for what {@link parseJson} would not take */
export function assertJsonLimits(text: string): void {
  // What is closed again has two characters for each level.
  if (text.length <= 2 * MAX_DEPTH) return
  let [depth, objects, commas] = [0, 0, 0]
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at)
        break
      case OPEN_LIST:
      case OPEN_OBJECT:
        if (++depth > MAX_DEPTH) throw tooDeep()
        if (++objects > MAX_OBJECTS) throw tooMany()
        break
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--
        break
      case COMMA:
        if (++commas > MAX_VALUES) throw tooMany()
    }
  }
}

/** Where the quote is that ends a string, or the end of the text. */
function endOfString(text: string, begin: number): number {
  for (let end = text.indexOf('"', begin + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1
    while (text.charCodeAt(before) === BACKSLASH) before--
    if ((end - before) % 2 === 1) return end
  }
  return text.length
}

function renameProto(this: Record<string, unknown>, key: string, value: unknown): unknown {
  if (key !== '__proto__') return value
  this.__proto_ = value
  return undefined
}
