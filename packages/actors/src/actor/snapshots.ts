/**
 * The snapshots of an actor for those who watch it.
 */
import { errorData } from '@troupe/core'
import type { Exit } from './exit.js'
import { type ActorSnapshot, isFinal } from './snapshot.js'

export class Snapshots {
  #listeners: Set<(snapshot: ActorSnapshot) => void> | undefined
  readonly #failed: (error: unknown) => void
  #last: ActorSnapshot | undefined

  /** `failed` is told what a listener throws. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  /** The last that is known. */
  get last(): ActorSnapshot | undefined {
    return this.#last
  }

  subscribe(listener: (snapshot: ActorSnapshot) => void): () => void {
    this.#listeners ??= new Set()
    this.#listeners.add(listener)
    const { last } = this
    if (last !== undefined) queueMicrotask(() => this.#listeners?.has(listener) && this.#tell(listener, last))
    return () => this.#listeners?.delete(listener)
  }

  came(snapshot: ActorSnapshot): void {
    if (isFinal(this.#last)) return
    this.#last = snapshot
    for (const listener of this.#listeners ?? []) this.#tell(listener, snapshot)
  }

  /** The actor has ended: unless its own last snapshot said so, that is told as one. */
  ended(exit: Exit): void {
    if (isFinal(this.#last)) return
    const { status: _, ...rest } = this.#last ?? { status: 'active' }
    this.came({ ...rest, ...endOf(exit) })
  }

  #tell(listener: (snapshot: ActorSnapshot) => void, snapshot: ActorSnapshot): void {
    try {
      listener(snapshot)
    } catch (error) {
      this.#failed(error)
    }
  }
}

function endOf(exit: Exit): Pick<ActorSnapshot, 'status' | 'output' | 'error'> {
  if (exit.reason === 'failed') return { status: 'error', error: errorData(exit.error) }
  if (exit.reason !== 'normal') return { status: 'stopped' }
  return { status: 'done', ...(exit.output !== undefined && { output: exit.output }) }
}
