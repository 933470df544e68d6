/**
 * Keeps the snapshots of one actor in its journal, one after the other, and the last one when they come faster than they can be
 * saved.
 */
import { errorData, type Logger, TroupeError } from '@troupe/core'
import type { CheckedActorOptions } from './actor.options.js'

export class SnapshotKeeper {
  readonly #terms: NonNullable<CheckedActorOptions['persist']>
  readonly #key: string
  readonly #log: () => Logger
  #next: { readonly snapshot: unknown } | undefined
  #saving: Promise<void> | undefined

  constructor(terms: NonNullable<CheckedActorOptions['persist']>, key: string, log: () => Logger) {
    this.#terms = terms
    this.#key = terms.key ?? key
    this.#log = log
  }

  /** The snapshot to start from; undefined to start from scratch. @throws {TroupeError} `SNAPSHOT_REFUSED` */
  async load(): Promise<unknown> {
    try {
      return await this.#terms.journal.load(this.#key)
    } catch (cause) {
      if (await this.discards(cause)) return undefined
      if (cause instanceof TroupeError) throw cause
      const why = `the snapshot of ${this.#key} cannot be loaded: ${errorData(cause).message}`
      throw new TroupeError('SNAPSHOT_REFUSED', why, { cause })
    }
  }

  /** Whether a snapshot that was refused is to be discarded; then it is. */
  async discards(error: unknown): Promise<boolean> {
    if (this.#terms.onRefused !== 'discard') return false
    this.#log().warn({ err: errorData(error), key: this.#key }, 'a snapshot was refused and is discarded')
    await this.#terms.journal.remove(this.#key)
    return true
  }

  /** Saves a snapshot. `failed` is told when that cannot be. */
  keep(snapshot: unknown, failed: (error: TroupeError) => void): void {
    this.#next = { snapshot }
    this.#saving ??= this.#saveAll().catch((cause: unknown) => {
      const why = `the snapshot of ${this.#key} cannot be saved: ${errorData(cause).message}`
      failed(new TroupeError('SNAPSHOT_REFUSED', why, { cause }))
    })
  }

  /** Resolves when all that came is safe. */
  get safe(): Promise<void> | undefined {
    return this.#saving
  }

  /** It has come to its end: the next start is from scratch. */
  async forget(): Promise<void> {
    await this.#saving
    await this.#terms.journal.remove(this.#key)
  }

  async #saveAll(): Promise<void> {
    for (let next = this.#next; next !== undefined; next = this.#next) {
      this.#next = undefined
      await this.#terms.journal.save(this.#key, next.snapshot)
    }
    this.#saving = undefined
  }
}
