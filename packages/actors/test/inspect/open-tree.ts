/**
 * Trees of machines for tests, in each isolation, with what is told of them.
 */
import { Actor, type ActorOptions, type ActorSnapshot } from '@troupe/actors/actor'
import {
  type ActorRef,
  type ChildSpec,
  Supervisor,
  type SupervisorOptions,
  type Transition,
} from '@troupe/actors/supervisor'
import { afterEach, expect } from 'vitest'

const MACHINES = new URL('./fixtures/machines.mjs', import.meta.url)
export const ISOLATIONS = ['inline', 'thread', 'process'] as const

export type MachineName = 'door' | 'lift' | 'house' | 'odd' | 'shy'
export type Event = { readonly type: string }

const open = new Set<Supervisor>()

/** A child that is a machine of the fixtures. */
export const machine = (id: string, name: MachineName, options: ActorOptions = {}): ChildSpec => ({
  id,
  start: () => Actor.start({ module: MACHINES, export: name }, undefined, options),
})

/** Starts a tree, which is stopped at the end of its test. */
export async function openTree(children: ChildSpec[], options: SupervisorOptions = {}): Promise<Supervisor> {
  const tree = await Supervisor.start({ intensity: 9, ...options, children })
  open.add(tree)
  return tree
}

/** A machine of a tree, to be sent events. */
export const at = (tree: Supervisor, path: string) => tree.lookup(path) as unknown as ActorRef<Event, ActorSnapshot>

/** A transition as a line, without its time. */
export const lineOf = ({ path, machine, from, to, event }: Transition): string =>
  `${path} ${machine}: ${text(from)} -> ${text(to)} (${event})`

/** The lines of a feed, as they come. */
export function linesOf(tree: Supervisor): { readonly lines: string[]; readonly end: () => void } {
  const lines: string[] = []
  return { lines, end: tree.onTransition((transition) => lines.push(lineOf(transition))) }
}

/** Resolves when a list has this; what is told of elsewhere comes when it comes. */
export const until = (isSo: () => unknown) => expect.poll(isSo, { timeout: 30_000, interval: 2 }).toBeTruthy()

const text = (value: Transition['from']) => (typeof value === 'string' ? value : JSON.stringify(value))

afterEach(async () => {
  await Promise.all([...open].map((tree) => tree.stop()))
  open.clear()
})
