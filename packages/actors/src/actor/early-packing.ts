/**
 * Packs messages before the packer is loaded: they are copied at once, and packed in order when it is. An actor that says nothing
 * does not load it.
 */
import { TroupeError } from '@troupe/core/kernel'

type Packing = typeof import('./packing.js')

export class EarlyPacking {
  #loaded: Packing | undefined
  #loading: Promise<Packing> | undefined
  /** How many messages wait to be packed: the next waits behind them. */
  #early = 0

  get isBusy(): boolean {
    return this.#early > 0
  }

  get isLoaded(): boolean {
    return this.#loaded !== undefined
  }

  load(): Promise<Packing> {
    this.#loading ??= import('./packing.js').then((packing) => {
      this.#loaded = packing
      return packing
    })
    return this.#loading
  }

  /** The message as it is now, packed. @throws {TroupeError} `ENCODE_FAILED` */
  pack(message: unknown): Uint8Array | Promise<Uint8Array> {
    if (this.#loaded !== undefined && this.#early === 0) return this.#loaded.pack(message)
    return this.#packLater(clonedOf(message))
  }

  unpack(bytes: Uint8Array): unknown {
    return this.#loaded!.unpack(bytes)
  }

  async #packLater(copy: unknown): Promise<Uint8Array> {
    this.#early++
    try {
      return (await this.load()).pack(copy)
    } finally {
      this.#early--
    }
  }
}

function clonedOf(message: unknown): unknown {
  try {
    return structuredClone(message)
  } catch (cause) {
    throw new TroupeError('ENCODE_FAILED', `a message cannot be sent: ${(cause as Error).message}`, { cause })
  }
}
