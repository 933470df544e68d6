/**
 * A tree of supervisors, as what runs in it sees it: who is where, and what all of it shares.
 */
import type { ChildProcess } from 'node:child_process'
import { type Deferred, deferred } from '@troupe/core'
import type { Supervised } from '../actor/exit.js'
import type { DeadLetter } from '../actor/letter.js'
import type { HostShape, Observed, Tree } from '../actor/place.js'
import { SpareHosts } from '../actor/spare-hosts.js'
import { ActorRef } from './actor-ref.js'
import type { ChildPhase } from './child.machine.js'
import { Observatory } from './observatory.js'

/** A supervisor, as the tree needs it. */
export interface Branch {
  readonly path: string
  /** A child of that id, as far as it has come. */
  childAt(id: string): { readonly phase: ChildPhase; readonly child: Supervised | undefined } | undefined
}

/** What is found at a path: `coming` is what starts, or waits for its restart. */
export type Found =
  | { readonly is: 'there'; readonly child: Supervised }
  | { readonly is: 'coming' }
  | { readonly is: 'absent'; readonly why: string }

export class SupervisionTree implements Tree {
  /** Who looks at the machines in it. */
  readonly observatory = new Observatory()
  readonly #root: Branch
  readonly #spares: SpareHosts
  readonly #deadLetterListeners = new Set<(letter: DeadLetter) => void>()
  #deadLetters = 0
  #change: Deferred<void> | undefined

  constructor(root: Branch, spares: number) {
    this.#root = root
    this.#spares = new SpareHosts(spares)
  }

  /** How many messages to its actors nobody took. */
  get deadLetters(): number {
    return this.#deadLetters
  }

  lookup<Message = unknown, Reply = unknown>(path: string): ActorRef<Message, Reply> {
    return new ActorRef(path, this)
  }

  find(path: string): Found {
    const root = this.#root
    if (path === root.path) return { is: 'absent', why: 'it is the root of the tree, a supervisor' }
    if (!path.startsWith(`${root.path}/`)) return { is: 'absent', why: `paths in this tree begin with ${root.path}/` }
    const ids = path.slice(root.path.length + 1).split('/')
    let branch = root
    for (const [index, id] of ids.entries()) {
      const found = foundIn(branch, id)
      if (found.is !== 'there' || index === ids.length - 1) return found
      if (!isBranch(found.child)) return { is: 'absent', why: `${branch.path}/${id} has no children` }
      branch = found.child
    }
    return { is: 'absent', why: 'the path is empty' }
  }

  /** Resolves when anything has changed about who is where. */
  get changed(): Promise<void> {
    this.#change ??= deferred()
    return this.#change.promise
  }

  /** Says that something has changed. */
  change(): void {
    this.#change?.resolve()
    this.#change = undefined
  }

  dead(letter: DeadLetter): void {
    this.#deadLetters++
    for (const listener of this.#deadLetterListeners) listener(letter)
  }

  onDeadLetter(listener: (letter: DeadLetter) => void): () => void {
    this.#deadLetterListeners.add(listener)
    return () => this.#deadLetterListeners.delete(listener)
  }

  spare(shape: HostShape): ChildProcess | undefined {
    return this.#spares.take(shape)
  }

  began(path: string, one: Observed): () => void {
    return this.observatory.began(path, one)
  }

  async close(): Promise<void> {
    this.change()
    await this.#spares.close()
  }
}

function foundIn(branch: Branch, id: string): Found {
  const { phase, child } = branch.childAt(id) ?? {}
  if (phase === undefined) return { is: 'absent', why: `${branch.path} has no child ${id}` }
  if (phase === 'stopped' || phase === 'stopping') return { is: 'absent', why: `${branch.path}/${id} is ${phase}` }
  return phase === 'running' && child !== undefined ? { is: 'there', child } : { is: 'coming' }
}

const isBranch = (child: Supervised): child is Supervised & Branch => 'childAt' in child
