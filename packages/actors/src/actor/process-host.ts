/**
 * The main of an actor's process.
 */
import { rmSync } from 'node:fs'
import { deferred, usePrivateFolder } from '@troupe/core/kernel'
import type { Frame } from './frame.js'
import { MEMORY_REPORT, OWNERS_FOLDER, OWNERS_PID } from './owners-folder.js'
import { RemoteHost } from './remote-host.js'
import type { FromHost, ToHost } from './words.js'

/** How long an actor whose owner has died may take to end, in ms. */
const ORPHAN_GRACE_MS = 1_000

const owner = Number(process.env[OWNERS_PID])
let ownersFolder = process.env[OWNERS_FOLDER]
// They are of this process alone.
delete process.env[OWNERS_PID]
delete process.env[OWNERS_FOLDER]

const host = new RemoteHost({
  tell: (word) => {
    if (process.connected) process.send?.(word, () => undefined)
  },
  open: () => {
    if (process.connected) process.send?.({ type: 'open-pipe' } satisfies FromHost, () => undefined)
  },
  leave: (word) => {
    const exitCode = word.type === 'ended' ? 0 : 1
    if (process.send === undefined || !process.connected) process.exit(exitCode)
    process.send(word, () => process.exit(exitCode))
  },
})

// A terminal sends Ctrl-C to all of its processes: the owner decides what it means here.
process.on('SIGINT', () => undefined)
process.on('uncaughtException', (error) => host.fail(error))
process.on('unhandledRejection', (error) => host.fail(error))
process.on('disconnect', orphaned)
// The owner may have died while this was being loaded: then nobody hears of it any more.
if (!process.connected) orphaned()
process.on('message', (message) => heard(message as ToHost))

function heard(word: ToHost): void {
  if (word.type === 'warm') return void warm().catch((error: unknown) => host.fail(error))
  if (word.type === 'pipe') return void connect(word.endpoint).catch((error: unknown) => host.fail(error))
  if (word.type === 'boot') {
    ownersFolder = word.folder
    if (word.place !== undefined) useFolder(word.place)
  }
  host.heard(word)
}

/** Loads what actors use, as long as there is nothing else to do. The first pipe of a process takes 40 ms: this one. */
async function warm(): Promise<void> {
  await import('zod')
  const { pack, unpack } = await import('./packing.js')
  await import('./handler.js')
  await import('./logic.js')
  const { PipeSocket } = await import('./pipe-socket.js')
  const came = deferred<Frame>()
  const ends = ['@', '>'].map((end) => new PipeSocket(`${end}inproc://troupe-warm`, came.resolve, came.reject))
  await ends[1]!.send({ kind: 0, number: 0, body: pack({ is: 'warm' }) })
  unpack((await came.promise).body)
  for (const end of ends) await end.close()
}

/** Sockets are loaded only by an actor that uses its pipe. */
async function connect(endpoint: string): Promise<void> {
  const { PipeSocket } = await import('./pipe-socket.js')
  const failed = (error: unknown) => host.fail(error)
  await host.opened(new PipeSocket(`>${endpoint}`, (frame) => host.came(frame), failed))
}

/** Has what is private put there, and Node write down that it ran out of memory: it cannot tell by itself any more. */
function useFolder(directory: string): void {
  usePrivateFolder(directory)
  const { report } = process
  if (report === undefined) return
  Object.assign(report, {
    directory,
    filename: MEMORY_REPORT,
    compact: true,
    reportOnFatalError: true,
    excludeNetwork: true,
  })
}

function orphaned(): void {
  host.orphaned()
  // The owner cannot clean up any more, unless it lives and the actor itself has hung up.
  process.on('exit', () => {
    if (ownersFolder !== undefined && process.ppid !== owner) rmSync(ownersFolder, { recursive: true, force: true })
  })
  setTimeout(() => process.exit(1), ORPHAN_GRACE_MS)
}
