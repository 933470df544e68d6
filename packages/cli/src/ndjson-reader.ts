/**
 * Reads NDJSON as a stream: one value a line, each with its number, never more in memory than the line that is read.
 */
import { isUtf8 } from 'node:buffer'
import { TroupeError } from '@troupe/core'

/** Longer lines are refused: a file that is not text at all must not fill the memory before it is found out. */
export const MAX_LINE_BYTES = 256 * 1024 * 1024

/** How much of a line that is not JSON its failure quotes, in characters. */
const QUOTED_CHARACTERS = 200

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

interface Place {
  /** The number of the line, from 1. Blank lines count. */
  readonly line: number
  /** How far into the input its end is, in bytes. */
  readonly endByte: number
}

/** A line that is JSON. */
export interface GoodLine extends Place {
  readonly value: unknown
}

/** A line that is not: `text` quotes its beginning. */
export interface BadLine extends Place {
  readonly error: TroupeError
  readonly text: string
}

/**
 * Yields what each line holds, in order. Blank lines are skipped; CRLF, a byte order mark and a last line without a
 * newline are fine. A bad line is yielded as such and the next ones go on.
 */
export async function* readNdjson(
  chunks: AsyncIterable<Uint8Array>,
  maxLineBytes = MAX_LINE_BYTES,
): AsyncGenerator<GoodLine | BadLine> {
  const splitter = new LineSplitter(maxLineBytes)
  for await (const chunk of chunks) {
    for (const raw of splitter.split(chunk)) {
      const read = parseLine(raw, maxLineBytes)
      if (read !== undefined) yield read
    }
  }
  const last = splitter.end()
  const read = last && parseLine(last, maxLineBytes)
  if (read !== undefined) yield read
}

interface RawLine extends Place {
  readonly bytes: Buffer
  readonly tooLong: boolean
}

class LineSplitter {
  readonly #maxLineBytes: number
  #parts: Buffer[] = []
  #partBytes = 0
  #tooLong = false
  #line = 1
  #byte = 0

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes
  }

  *split(chunk: Uint8Array): Generator<RawLine> {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let from = 0
    for (let to = buffer.indexOf(NEWLINE); to !== -1; to = buffer.indexOf(NEWLINE, from)) {
      this.#keep(buffer.subarray(from, to))
      this.#byte += to + 1 - from
      from = to + 1
      yield this.#take()
    }
    this.#keep(buffer.subarray(from))
    this.#byte += buffer.length - from
  }

  /** What stands after the last newline, if anything does. */
  end(): RawLine | undefined {
    return this.#parts.length > 0 ? this.#take() : undefined
  }

  // Of a line that is too long its beginning is enough.
  #keep(part: Buffer): void {
    if (part.length === 0) return
    if (this.#partBytes + part.length > this.#maxLineBytes) {
      this.#tooLong = true
      this.#parts = [Buffer.concat(this.#parts).subarray(0, QUOTED_CHARACTERS)]
    } else if (!this.#tooLong) {
      this.#parts.push(part)
    }
    this.#partBytes += part.length
  }

  #take(): RawLine {
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)
    const raw = { line: this.#line++, endByte: this.#byte, bytes, tooLong: this.#tooLong }
    this.#parts = []
    this.#partBytes = 0
    this.#tooLong = false
    return raw
  }
}

function parseLine({ line, endByte, bytes, tooLong }: RawLine, maxLineBytes: number): GoodLine | BadLine | undefined {
  if (tooLong) return bad(`is longer than ${maxLineBytes} bytes`)
  const text = withoutEnds(bytes, line)
  if (!isUtf8(text)) return bad('is not UTF-8')
  const json = text.toString()
  if (json.trim() === '') return undefined
  try {
    return { line, endByte, value: JSON.parse(json) }
  } catch (error) {
    return bad(`is not JSON: ${(error as Error).message}`, error)
  }

  function bad(why: string, cause?: unknown): BadLine {
    const error = new TroupeError('DECODE_FAILED', `line ${line} ${why}`, cause === undefined ? {} : { cause })
    return {
      line,
      endByte,
      error,
      text: bytes
        .subarray(0, QUOTED_CHARACTERS * 4)
        .toString()
        .slice(0, QUOTED_CHARACTERS),
    }
  }
}

function withoutEnds(bytes: Buffer, line: number): Buffer {
  const from = line === 1 && bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? 3 : 0
  const to = bytes[bytes.length - 1] === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length
  return bytes.subarray(from, to)
}
