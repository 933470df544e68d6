/**
 * The main of an actor's process: loads what was named, runs it, and tells the owner how it went.
 */
import { rmSync } from 'node:fs'
import { type Deferred, deferred, errorData, resolveLog, TroupeError, type WaitOptions, within } from '@troupe/core'
import { Channel, copied } from './channel.js'
import { isAbort } from './exit.js'
import { loadFunction } from './load-export.js'
import { makePipe } from './pipe.js'
import type { PipeSocket } from './pipe-socket.js'
import type { FromProcess, ToProcess } from './process-protocol.js'

/** How long an actor whose owner has died may take to end, in ms. */
const ORPHAN_GRACE_MS = 1_000
/** How long the owner may take to read what is left in the pipe, in ms. */
const DRAIN_MS = 5_000

const aborter = new AbortController()
const drained = deferred()
let toActor: Channel | undefined
let pipeSocket: Deferred<PipeSocket> | undefined
let opened: PipeSocket | undefined
/** How many sends wait for the pipe to be opened. */
let early = 0
let ownersFolder: string | undefined
let pipeLimit = 1

// A terminal sends Ctrl-C to all of its processes: the owner decides what it means here.
process.on('SIGINT', () => undefined)
process.on('uncaughtException', (error) => void fail(error))
process.on('unhandledRejection', (error) => void fail(error))
process.on('disconnect', orphaned)
// The owner may have died while this was being loaded: then nobody hears of it any more.
if (!process.connected) orphaned()
process.on('message', (message) => heard(message as ToProcess))

function heard(message: ToProcess): void {
  switch (message.type) {
    case 'boot':
      return void run(message).catch(fail)
    case 'terminate':
      aborter.abort(new TroupeError('CLOSED', 'the actor was told to stop'))
      if (!message.piped) toActor?.end()
      return
    case 'folder':
      ownersFolder = message.folder
      return
    case 'pipe':
      return void connect(message.endpoint).catch(fail)
    case 'drained':
      return drained.resolve()
  }
}

async function run(boot: Extract<ToProcess, { type: 'boot' }>): Promise<void> {
  pipeLimit = boot.pipeLimit
  ownersFolder = boot.folder
  toActor = new Channel(`the pipe of actor ${boot.name}`, pipeLimit)
  const runActor = await loadFunction({ module: new URL(boot.module), export: boot.export })
  let isReady = false
  const ready = () => {
    if (!isReady) tell({ type: 'ready' })
    isReady = true
  }
  const pipe = makePipe({
    put: send,
    incoming: toActor,
    used: () => {
      ready()
      if (!aborter.signal.aborted) void openPipe()
    },
  })
  const log = resolveLog().child({ actor: boot.name })
  try {
    await runActor(pipe, boot.args, { signal: aborter.signal, log, ready })
  } catch (error) {
    if (!isAbort(error, aborter.signal)) return leave({ type: 'failed', error: errorData(error) })
  }
  await leave({ type: 'ended' })
}

function openPipe(): Promise<PipeSocket> {
  if (pipeSocket === undefined) {
    pipeSocket = deferred()
    tell({ type: 'open-pipe' })
  }
  return pipeSocket.promise
}

async function send(message: unknown, wait: WaitOptions = {}): Promise<void> {
  if (opened !== undefined && early === 0) return opened.send(message, wait)
  // What is sent is the message as it is now, and behind the others that wait for the pipe.
  const copy = copied(message)
  let sending: Promise<void>
  early++
  try {
    sending = (await within('the opening of the pipe', wait, openPipe())).send(copy, wait)
  } finally {
    early--
  }
  await sending
}

async function connect(endpoint: string): Promise<void> {
  pipeSocket ??= deferred()
  // Sockets are loaded only by an actor that uses its pipe.
  const { PipeSocket } = await import('./pipe-socket.js')
  opened = new PipeSocket(`>${endpoint}`, pipeLimit, toActor!, fail)
  pipeSocket.resolve(opened)
}

/** Sees what was sent safely to the owner, says the last word, and ends. */
async function leave(word: FromProcess): Promise<void> {
  if (pipeSocket !== undefined && process.connected) {
    await within('the end of the pipe', { timeoutMs: DRAIN_MS }, endPipe()).catch(() => undefined)
  }
  exitAfter(word)
}

async function endPipe(): Promise<void> {
  // By the way of the sends, and so behind those that still wait for the pipe.
  const socket = await within('the opening of the pipe', {}, openPipe())
  tell({ type: 'ending' })
  await socket.end()
  await drained.promise
}

async function fail(error: unknown): Promise<void> {
  exitAfter({ type: 'failed', error: errorData(error) })
}

function exitAfter(word: FromProcess): void {
  const exitCode = word.type === 'failed' ? 1 : 0
  if (process.send === undefined || !process.connected) process.exit(exitCode)
  process.send(word, () => process.exit(exitCode))
}

function tell(word: FromProcess): void {
  if (process.connected) process.send?.(word, () => undefined)
}

function orphaned(): void {
  aborter.abort(new TroupeError('CLOSED', 'the process that owns the actor is gone'))
  toActor?.end()
  // The owner cannot clean up any more.
  process.on('exit', () => ownersFolder !== undefined && rmSync(ownersFolder, { recursive: true, force: true }))
  setTimeout(() => process.exit(1), ORPHAN_GRACE_MS)
}
