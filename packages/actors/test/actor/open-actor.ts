/**
 * Actors for tests, the same in this thread and in processes, each stopped at the end of its test, with a look at what
 * it left behind.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Actor, type ActorFunction, type ActorOptions } from '@troupe/actors/actor'
import { isAlive } from '@troupe/testing/is-alive'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type * as actors from './fixtures/actors.mjs'

export const ACTORS = new URL('./fixtures/actors.mjs', import.meta.url)

export type Isolation = 'inline' | 'thread' | 'process'
export const ISOLATIONS: readonly Isolation[] = ['inline', 'thread', 'process']

export type ActorName = Exclude<keyof typeof actors, 'noFunction'>

// What these tests leave behind is not mixed up with what others have in the temporary folder.
const before = process.env.TMPDIR
const temporary = mkdtempSync(join(tmpdir(), 'actor-test-'))
process.env.TMPDIR = temporary

const functions: Readonly<Record<string, ActorFunction>> = await import(ACTORS.href)
/** The threads of this process: each has a port. */
const threads = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length
const threadsBefore = threads()

const open = new Set<Actor>()
const shared = new Set<Actor>()
const pids = new Set<number>()
let files = 0

/** Starts an actor of the fixtures. */
export async function openActor(
  isolation: Isolation,
  name: ActorName,
  args?: unknown,
  options: ActorOptions = {},
): Promise<Actor> {
  return track(await startActor(isolation, name, args, options))
}

function startActor(isolation: Isolation, name: ActorName, args?: unknown, options: ActorOptions = {}): Promise<Actor> {
  if (isolation === 'inline') return Actor.start(functions[name]!, args, options)
  return Actor.start({ module: ACTORS, export: name }, args, { ...options, isolation })
}

/** One actor for the facts of a suite that leave it running, with nothing in its pipe. */
export function sharedActor(start: () => Promise<Actor>): () => Actor {
  let actor: Actor
  beforeAll(async () => {
    actor = await start()
    shared.add(actor)
  })
  afterEach(() => expect(actor.state).toBe('running'))
  afterAll(async () => {
    await actor.stop({ timeoutMs: 'brutal_kill' })
    shared.delete(actor)
    if (actor.pid !== undefined) pids.add(actor.pid)
    expectNothingLeft()
  })
  return () => actor
}

export const sharedEcho = (isolation: Isolation) => sharedActor(() => startActor(isolation, 'echo'))

/** Has an actor stopped at the end of the test, and its process looked for. */
export function track(actor: Actor): Actor {
  open.add(actor)
  if (actor.pid !== undefined) pids.add(actor.pid)
  return actor
}

/** The path of a file that is not there yet. */
export const newFile = () => join(temporary, `file-${++files}`)

/** The lines of a file, without the last line feed; none if it is not there. */
export function linesOf(file: string): string[] {
  try {
    // A file that is made and not written yet has none.
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
  } catch {
    return []
  }
}

/** Resolves when `isSo` is true; fails after thirty seconds. */
export const until = (isSo: () => boolean) => expect.poll(isSo, { timeout: 30_000, interval: 2 }).toBe(true)

/** Whether a promise is settled, when all that could settle it now has run. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const settle = () => {
    settled = true
  }
  promise.then(settle, settle)
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
  return settled
}

/** All that is still to come. */
export async function collect(messages: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const message of messages) all.push(message)
  return all
}

export const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

/** The folders of ipc files that are there. */
export const ipcFolders = () => readdirSync(temporary).filter((name) => name.startsWith('troupe-'))

afterEach(async () => {
  await Promise.all([...open].map((actor) => actor.stop({ timeoutMs: 'brutal_kill' })))
  open.clear()
  expectNothingLeft()
})

function expectNothingLeft(): void {
  expect([...pids].filter(isAlive), 'processes that are left').toEqual([])
  pids.clear()
  if (shared.size > 0) return
  expect(ipcFolders(), 'ipc files that are left').toEqual([])
  expect(threads(), 'threads that are left').toBe(threadsBefore)
}

afterAll(() => {
  if (before === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = before
  rmSync(temporary, { recursive: true })
})
