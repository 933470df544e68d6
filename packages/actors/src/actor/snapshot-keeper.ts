/**
 * Keeps the snapshots of one actor in its journal, one after the other, and the last one when they come faster than they can be
 * saved.
 */
import { type Deferred, deferred, errorData, type Logger, TroupeError } from '@troupe/core'
import type { CheckedActorOptions } from './actor.options.js'

interface Save {
  snapshot: unknown
  /** With whether it is safe. */
  readonly done: Deferred<boolean>
}

export class SnapshotKeeper {
  readonly #terms: NonNullable<CheckedActorOptions['persist']>
  readonly #key: string
  readonly #log: () => Logger
  #next: Save | undefined
  /** The one that is being saved, or could not be. */
  #current: Save | undefined
  #hasFailed = false

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
    if (this.#hasFailed) return
    if (this.#next === undefined) this.#next = { snapshot, done: deferred() }
    else this.#next.snapshot = snapshot
    if (this.#current !== undefined) return
    void this.#saveAll().catch((cause: unknown) => {
      const why = `the snapshot of ${this.#key} cannot be saved: ${errorData(cause).message}`
      failed(new TroupeError('SNAPSHOT_REFUSED', why, { cause }))
    })
  }

  /** Resolves when what has come up to now is safe, or cannot be, with whether it is; undefined when it is. */
  get safe(): Promise<boolean> | undefined {
    return (this.#next ?? this.#current)?.done.promise
  }

  /**
   * It has come to its end: the next start is from scratch.
   * @throws {TroupeError} `SNAPSHOT_REFUSED` when the snapshot cannot be removed
   */
  async forget(): Promise<void> {
    try {
      await this.#terms.journal.remove(this.#key)
    } catch (cause) {
      const why = `the snapshot of ${this.#key} cannot be removed: ${errorData(cause).message}`
      throw new TroupeError('SNAPSHOT_REFUSED', why, { cause })
    }
  }

  async #saveAll(): Promise<void> {
    for (let save = this.#next; save !== undefined; save = this.#next) {
      this.#next = undefined
      this.#current = save
      try {
        await this.#terms.journal.save(this.#key, save.snapshot)
      } catch (cause) {
        this.#hasFailed = true
        this.#next = undefined
        save.done.resolve(false)
        throw cause
      }
      save.done.resolve(true)
    }
    this.#current = undefined
  }
}
