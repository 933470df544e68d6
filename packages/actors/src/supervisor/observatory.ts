/**
 * All machines of a tree that run, and who looks at them. Nothing is told by a machine before somebody looks.
 */
import type { InspectionEvent, Subscription } from 'xstate'
import { followTransitions, type MachineTransition } from '../actor/machine-transition.js'
import type { Observed } from '../actor/place.js'
import type { ChildTransition } from './child-table.js'

/** A transition in a tree. */
export interface Transition extends MachineTransition {
  /** Of the actor or supervisor whose machine it is. */
  readonly path: string
}

export interface TransitionObserver {
  next(transition: Transition): void
  /** The tree has ended. */
  complete?(): void
}

/** Somebody who looks at some of the machines, or all. */
interface Watcher {
  covers(path: string): boolean
  attach(path: string, one: Observed): Subscription
}

/** A machine that runs, and those who look at it. */
interface Live {
  readonly path: string
  readonly one: Observed
  /** Made when it is first looked at. */
  attached: Map<Watcher, Subscription> | undefined
}

export class Observatory {
  readonly #live = new Set<Live>()
  readonly #watchers = new Set<Watcher>()
  readonly #transitions = new Set<TransitionObserver>()

  /** A machine runs, until what this returns is called. */
  began(path: string, one: Observed): () => void {
    const live: Live = { path, one, attached: undefined }
    this.#live.add(live)
    for (const watcher of this.#watchers) attach(watcher, live)
    return () => {
      this.#live.delete(live)
      for (const subscription of live.attached?.values() ?? []) subscription.unsubscribe()
      live.attached = undefined
    }
  }

  /** A child of the supervisor at that path has taken a step. */
  stepped(path: string, { id, ...step }: ChildTransition): void {
    if (this.#transitions.size === 0) return
    const transition = Object.freeze({ path: `${path}/${id}`, machine: 'child', ...step, atMs: Date.now() })
    for (const observer of this.#transitions) observer.next(transition)
  }

  /** Tells the transitions of all. Returns what ends that. */
  onTransition(observer: TransitionObserver): () => void {
    this.#transitions.add(observer)
    const end = this.#watch({
      covers: () => true,
      attach: (path, one) =>
        followTransitions(one, (transition) => observer.next(Object.freeze({ path, ...transition }))),
    })
    return () => {
      this.#transitions.delete(observer)
      end()
    }
  }

  /** Tells xstate's inspection events of what is at that path, and below it. Returns what ends that. */
  inspect(root: string, inspector: (event: InspectionEvent) => void): () => void {
    return this.#watch({
      covers: (path) => path === root || path.startsWith(`${root}/`),
      attach: (_, one) => one.inspect(inspector),
    })
  }

  /** The tree has ended. */
  close(): void {
    for (const observer of this.#transitions) observer.complete?.()
    this.#transitions.clear()
    for (const watcher of this.#watchers) this.#unwatch(watcher)
  }

  #watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher)
    for (const live of this.#live) attach(watcher, live)
    return () => this.#unwatch(watcher)
  }

  #unwatch(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher)) return
    for (const { attached } of this.#live) {
      attached?.get(watcher)?.unsubscribe()
      attached?.delete(watcher)
    }
  }
}

function attach(watcher: Watcher, live: Live): void {
  const { path, one } = live
  if (!watcher.covers(path)) return
  live.attached ??= new Map()
  live.attached.set(watcher, watcher.attach(path, one))
}
