/**
 * Actors of every kind of code for tests: by themselves in this thread, by name elsewhere.
 */
import { Actor, type ActorOptions, type ActorSnapshot, type DeadLetter } from '@troupe/actors/actor'
import type * as kinds from './fixtures/kinds.mjs'
import { type Isolation, track } from './open-actor.js'

export const KINDS = new URL('./fixtures/kinds.mjs', import.meta.url)
export type KindName = keyof typeof kinds

const code: Readonly<Record<string, unknown>> = await import(KINDS.href)

/** Starts an actor of the fixtures. */
export async function openKind(
  isolation: Isolation,
  name: KindName,
  args?: unknown,
  options: ActorOptions = {},
): Promise<Actor> {
  return track(await startKind(isolation, name, args, options))
}

export async function startKind(
  isolation: Isolation,
  name: KindName,
  args?: unknown,
  options: ActorOptions = {},
): Promise<Actor> {
  const inline = () => Actor.start(code[name] as never, args as never, options as never)
  const elsewhere = () => Actor.start({ module: KINDS, export: name }, args, { ...options, isolation })
  return (await (isolation === 'inline' ? inline() : elsewhere())) as Actor
}

/** What nobody took, as it comes. */
export function deadLettersOf(actor: Actor): DeadLetter[] {
  const letters: DeadLetter[] = []
  actor.onDeadLetter((letter) => letters.push(letter))
  return letters
}

/** The snapshots of an actor, as they come. */
export function snapshotsOf(actor: Actor): ActorSnapshot[] {
  const snapshots: ActorSnapshot[] = []
  actor.subscribe((snapshot) => snapshots.push(snapshot))
  return snapshots
}
