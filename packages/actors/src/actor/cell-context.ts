/**
 * The context of an actor's code, over its cell.
 */
import { type Logger, TroupeError, type WaitOptions } from '@troupe/core/kernel'
import type { ActorContext, Peer } from './actor-context.js'
import type { Cell } from './cell.js'
import type { Call } from './place.js'

export class CellContext implements ActorContext {
  readonly #cell: Cell

  constructor(cell: Cell) {
    this.#cell = cell
  }

  // Made when they are first wanted: most actors use neither.
  get signal(): AbortSignal {
    return this.#cell.signal
  }

  get log(): Logger {
    return this.#cell.log
  }

  get path(): string | undefined {
    return this.#cell.terms.path
  }

  // Bound when they are asked for, so that they may be taken out of the context.
  get ready(): () => void {
    return () => this.#cell.ready()
  }

  get lookup(): (path: string) => Peer {
    return (path) => this.#lookup(path)
  }

  get monitor(): (path: string) => Promise<void> {
    return (path) => this.#reach('monitor', path)
  }

  get link(): (path: string) => Promise<void> {
    return (path) => this.#reach('link', path)
  }

  #lookup(path: string): Peer {
    this.#assertInTree(`look up ${path}`)
    const call = (type: 'send' | 'ask', message: unknown, wait?: WaitOptions) => {
      const { timeoutMs } = wait ?? {}
      return this.#call({ type, path, message, ...(timeoutMs !== undefined && { timeoutMs }) }, wait)
    }
    return {
      path,
      send: async (message, wait) => void (await call('send', message, wait)),
      ask: (message, wait) => call('ask', message, wait),
    }
  }

  async #reach(type: 'monitor' | 'link', path: string): Promise<void> {
    this.#assertInTree(`${type} ${path}`)
    await this.#call({ type, path })
  }

  #call(call: Call, wait?: WaitOptions): Promise<unknown> {
    return this.#cell.terms.outlet.call(call, wait)
  }

  #assertInTree(what: string): void {
    if (this.path !== undefined) return
    const why = `actor ${this.#cell.terms.name} cannot ${what}: it is in no tree, no supervisor has started it`
    throw new TroupeError('NO_ACTOR', why)
  }
}
