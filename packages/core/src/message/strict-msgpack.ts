/**
 * msgpack that comes from outside, and what is sent there: what one end cannot read, the other does not write.
 */
import { createRequire } from 'node:module'
import { addExtension, Unpackr } from 'msgpackr'
import { type ScanTerms, scanMsgpack } from './msgpack-scan.js'

export interface StrictMsgpackTerms {
  /** Objects are msgpackr's records, and its maps are Maps. Default: objects are maps. */
  readonly records?: boolean
  /** Whether JavaScript's undefined may come, as extension 0. Default: true. */
  readonly undefineds?: boolean
  /** Binary values are copied, so that a small one does not keep its message alive. */
  readonly copiesBinaries?: boolean
  /** Integers of 64 bits are numbers as far as JavaScript has them. Default: they are bigints. */
  readonly integersAreNumbers?: boolean
  /** An extension that may come beside undefined and timestamps, with data of 4 bytes, and what it stands for. */
  readonly place?: { readonly type: number; readonly read: (data: Uint8Array) => unknown }
}

/** A body with more records than this is read without a reader compiled for each: that costs 30 us, in 14 bytes. */
const MAX_COMPILED = 1_000

/**
 * Reads msgpack that anybody may have sent: plain data, bytes, timestamps and undefined, and no other extension; see
 * `message-limits.ts` for how much. A key `__proto__` becomes `__proto_`.
 */
export class StrictMsgpack {
  readonly #terms: StrictMsgpackTerms
  readonly #scan: ScanTerms
  readonly #unpackr: Unpackr
  #uncompiled: Unpackr | undefined

  constructor(terms: StrictMsgpackTerms = {}) {
    const { records = false, undefineds = true, place } = terms
    this.#terms = terms
    this.#scan = { records, undefineds, place: place?.type }
    if (place !== undefined) addExtension({ type: place.type, unpack: place.read } as never)
    this.#unpackr = new Unpackr(optionsOf(terms))
  }

  /** @throws {Error} for what it does not take */
  decode(bytes: Uint8Array): unknown {
    const compiled = scanMsgpack(bytes, this.#scan)
    return (compiled > MAX_COMPILED ? this.#withoutCode() : this.#unpackr).unpack(bytes)
  }

  /** @throws {Error} for what was written and {@link decode} would not take, such as what is nested too deeply */
  check<Bytes extends Uint8Array>(bytes: Bytes): Bytes {
    scanMsgpack(bytes, this.#scan)
    return bytes
  }

  /** The same without code from strings. It reads strings more slowly, and is seldom wanted, so it is loaded when it is. */
  #withoutCode(): Unpackr {
    if (this.#uncompiled === undefined) {
      const slow = createRequire(import.meta.url)('msgpackr/unpack-no-eval')
      const { place } = this.#terms
      if (place !== undefined) slow.addExtension({ type: place.type, unpack: place.read })
      this.#uncompiled = new slow.Unpackr(optionsOf(this.#terms)) as Unpackr
    }
    return this.#uncompiled
  }
}

// Its type leaves some of them out.
const optionsOf = ({ records, copiesBinaries, integersAreNumbers }: StrictMsgpackTerms): object => ({
  useRecords: records ?? false,
  copyBuffers: copiesBinaries ?? false,
  ...(integersAreNumbers && { int64AsType: 'auto' }),
})
