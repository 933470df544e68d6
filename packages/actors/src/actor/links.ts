/**
 * OTP's monitors and links between actors: one is told when another ends, or ends with it.
 */
import { errorData, errorFrom, type TroupeError } from '@troupe/core'
import { type Exit, LinkBrokenError } from './exit.js'
import type { Down, Notice } from './letter.js'

/** Something whose end can be told. */
export interface Monitored {
  /** Resolves with how it ends, once; when it has ended already, or is not there, at once. Never rejects. */
  down(): Promise<Down>
}

/** One end of a link. */
export interface Linked extends Monitored {
  /** The other end has ended. */
  linkBroken(down: Down): void
  /** Whether it has ended. */
  readonly hasEnded: boolean
}

/** What the end of something is told as. */
export function downOf(path: string, exit: Exit): Down {
  const error = exit.reason === 'failed' ? { error: errorData(exit.error) } : {}
  return { type: 'troupe.down', path, reason: exit.reason, ...error }
}

/** What one who was never there, or is no longer, is told as (OTP's noproc). */
export const gone = (path: string): Down => ({ type: 'troupe.down', path, reason: 'gone' })

/** Calls `told` when the other ends, once; returns what ends that before. */
export function monitor(target: Monitored, told: (down: Down) => void): () => void {
  let isOn = true
  void target.down().then((down) => {
    if (isOn) told(down)
    isOn = false
  })
  return () => {
    isOn = false
  }
}

/** Links two: when one ends, the other is told. To link to one that has ended is as if it ended now, as `gone`. */
export function link(one: Linked, other: Linked, path: string): () => void {
  if (other.hasEnded) {
    one.linkBroken(gone(path))
    return () => undefined
  }
  const ends = [monitor(one, (down) => other.linkBroken(down)), monitor(other, (down) => one.linkBroken(down))]
  return () => {
    for (const end of ends) end()
  }
}

/** What is done at one end of a link when the other has ended. */
export type LinkEffect =
  | { readonly type: 'nothing' }
  | { readonly type: 'notice'; readonly notice: Notice }
  /** To end as the other did, which was asked to stop. */
  | { readonly type: 'stop' }
  | { readonly type: 'kill'; readonly why: TroupeError }

/** OTP's rules of exit signals. */
export function linkEffect(name: string, down: Down, trapExit: boolean): LinkEffect {
  if (trapExit) return { type: 'notice', notice: { ...down, type: 'troupe.exit' } }
  if (down.reason === 'normal') return { type: 'nothing' }
  if (down.reason === 'shutdown') return { type: 'stop' }
  const cause = down.error === undefined ? undefined : errorFrom(down.error)
  return { type: 'kill', why: new LinkBrokenError(name, down.path, cause?.message ?? down.reason, cause) }
}
