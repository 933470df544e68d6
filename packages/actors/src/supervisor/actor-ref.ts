/**
 * A reference to an actor by its path in a tree: it reaches whichever incarnation is there.
 */
import { TroupeError, type WaitOptions, within } from '@troupe/core'
import type { Actor } from '../actor/actor.js'
import type { Supervised } from '../actor/exit.js'
import type { Down } from '../actor/letter.js'
import { downOf, gone, type Linked, type Monitored } from '../actor/links.js'
import type { Address } from '../actor/place.js'
import type { Found } from './tree.js'

/** How long a message may take to reach an actor that restarts, and an ask to be answered, in ms. */
const TIMEOUT_MS = 5_000

/** Where paths are looked up. */
export interface Directory {
  find(path: string): Found
  readonly changed: Promise<void>
}

/**
 * A reference to the actor at a path. It outlives the actor: a message after a restart reaches the new incarnation, and
 * `send` and `incarnation` say so.
 */
export class ActorRef<Message = unknown, Reply = unknown> implements Address, Monitored {
  readonly path: string
  readonly #directory: Directory
  #last: Supervised | undefined
  #incarnation = 0

  constructor(path: string, directory: Directory) {
    this.path = path
    this.#directory = directory
    this.#look()
  }

  /** The actor that is there now; undefined while it restarts, and when there is none. */
  get actor(): Actor<Message, Reply> | undefined {
    const found = this.#look()
    return found.is === 'there' && takesMessages(found.child) ? (found.child as Actor<Message, Reply>) : undefined
  }

  /** 1 for the first that this reference has found there, and one more each time that it finds another. 0 before. */
  get incarnation(): number {
    this.#look()
    return this.#incarnation
  }

  /**
   * Puts a message into the mailbox of the actor that is there; while it restarts, waits for it, for 5 s unless told
   * otherwise. Resolves with `restarted` when it is another than this reference has spoken to or found before.
   * @throws {TroupeError} `NO_ACTOR` when there is none and none is about to be; `TIMEOUT`, and what `send` of an actor raises
   */
  async send(message: Message, wait: WaitOptions = {}): Promise<'sent' | 'restarted'> {
    const before = this.#incarnation
    const actor = await this.#reach(wait)
    await actor.send(message, wait)
    return before > 0 && this.#incarnation > before ? 'restarted' : 'sent'
  }

  /**
   * Asks the actor that is there; while it restarts, waits for it. 5 s for all of it unless told otherwise. An ask whose
   * actor ends is not asked again: it may have been done.
   * @throws {TroupeError} `NO_ACTOR`, and what `ask` of an actor raises
   */
  async ask(message: Message, wait: WaitOptions = {}): Promise<Reply> {
    const began = performance.now()
    const actor = await this.#reach(wait)
    const { timeoutMs = TIMEOUT_MS } = wait
    const left = timeoutMs === 0 ? 0 : Math.max(1, timeoutMs - (performance.now() - began))
    return actor.ask(message, { ...wait, timeoutMs: left })
  }

  /** Resolves with how the one that is there now ends, as others are told it; with `gone` at once when there is none. */
  async down(): Promise<Down> {
    const found = this.#look()
    return found.is === 'there' ? downOf(this.path, await found.child.exit) : gone(this.path)
  }

  async linked(): Promise<Linked | undefined> {
    return this.actor
  }

  /** Waits until there is an actor that takes messages. */
  async #reach({ signal, timeoutMs = TIMEOUT_MS }: WaitOptions): Promise<Actor<Message, Reply>> {
    const until = performance.now() + timeoutMs
    for (;;) {
      // Before the look: what changes after it is not missed.
      const { changed } = this.#directory
      const found = this.#look()
      if (found.is === 'absent') throw new TroupeError('NO_ACTOR', `there is no actor ${this.path}: ${found.why}`)
      if (found.is === 'there') {
        const { child } = found
        if (!takesMessages(child)) {
          throw new TroupeError('NO_ACTOR', `${this.path} is no actor: it takes no messages`)
        }
        if (child.state === 'running') return child as Actor<Message, Reply>
      }
      const left = timeoutMs === 0 ? 0 : Math.max(1, until - performance.now())
      await within(`the restart of ${this.path}`, { signal, timeoutMs: left }, changed)
    }
  }

  #look(): Found {
    const found = this.#directory.find(this.path)
    if (found.is === 'there' && found.child !== this.#last) {
      this.#last = found.child
      this.#incarnation++
    }
    return found
  }
}

const takesMessages = (child: Supervised): child is Supervised & Actor =>
  typeof (child as Partial<Actor>).send === 'function' && typeof (child as Partial<Actor>).ask === 'function'
