/**
 * A process of its own for an actor, as its owner has it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type PrivateEndpoint, type PrivatePath, privateEndpoint, privateFolder, privatePath } from '@troupe/core'
import type { BodyTerms } from './body.js'
import { inheritedExecArgv } from './inherited-exec-argv.js'
import { MEMORY_REPORT, OWNERS_FOLDER, OWNERS_PID } from './owners-folder.js'
import { PipeSocket } from './pipe-socket.js'
import type { HostShape } from './place.js'
import { reaper } from './reaper.js'
import type { Host, HostEvents, OwnersPipe } from './remote-body.js'
import type { Boot, FromHost, ToHost } from './words.js'

/** How long the channel of a process that is gone may take to end, in ms: somebody else may hold it. */
const LAST_WORDS_MS = 1_000

const HOST = new URL('./process-host.js', import.meta.url)

export const startProcess = (terms: BodyTerms, events: HostEvents): Host => new ProcessActor(terms, events)

class ProcessActor implements Host {
  readonly what = 'process'
  readonly isWarm: boolean
  readonly #events: HostEvents
  readonly #child: ChildProcess
  /** For its own private files, which it cannot remove when it is killed; and Node writes there that it had no more memory. */
  readonly #folder: PrivatePath = privatePath()
  #place: PrivateEndpoint | undefined
  #pipe: PipeSocket | undefined

  constructor({ options, place }: BodyTerms, events: HostEvents) {
    this.#events = events
    mkdirSync(this.#folder.path, { mode: 0o700 })
    const shape = shapeOf(options)
    const spare = place?.tree.spare(shape)
    this.isWarm = spare !== undefined
    this.#child = spare ?? forkHost(shape)
    this.#child.on('message', (word) => events.word(word as FromHost))
    this.#child.once('error', (error) => events.failed(error))
    this.#child.once('exit', (exitCode, signal) => this.#afterLastWords(() => this.#exited(exitCode, signal)))
    if (this.pid !== undefined) reaper.add(this.pid, privateFolder())
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  boot(boot: Omit<Boot, 'folder' | 'place'>): void {
    this.tell({ ...boot, folder: privateFolder(), place: this.#folder.path })
  }

  tell(word: ToHost): void {
    // It may be gone: then its exit says so.
    if (this.#child.connected) this.#child.send(word, () => undefined)
  }

  open(failed: (error: unknown) => void): OwnersPipe {
    this.#place = privateEndpoint()
    this.#pipe = new PipeSocket(`@${this.#place.endpoint}`, (frame) => this.#events.frame(frame), failed)
    this.#pipe.endpoint().then((endpoint) => this.tell({ type: 'pipe', endpoint }), failed)
    return this.#pipe
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async release(): Promise<void> {
    this.#place?.[Symbol.dispose]()
    this.#folder[Symbol.dispose]()
  }

  /** What it said last may still be in the channel when it is gone. */
  #afterLastWords(then: () => void): void {
    if (!this.#child.connected) return then()
    const timer = setTimeout(() => this.#child.disconnect(), LAST_WORDS_MS)
    this.#child.once('disconnect', () => {
      clearTimeout(timer)
      then()
    })
  }

  #exited(exitCode: number | null, signal: string | null): void {
    if (this.pid !== undefined) reaper.remove(this.pid)
    if (this.#ranOutOfMemory()) this.#events.outOfMemory()
    this.#events.exited(exitCode, signal)
  }

  #ranOutOfMemory(): boolean {
    try {
      return readFileSync(join(this.#folder.path, MEMORY_REPORT), 'utf8').includes('out of memory')
    } catch {
      return false
    }
  }
}

/** What a process for an actor with such options is started with. */
export function shapeOf(options: BodyTerms['options']): HostShape {
  const { execArgv = inheritedExecArgv(process.execArgv), env, stdout, maxMemoryMiB } = options
  const limit = maxMemoryMiB === undefined ? [] : [`--max-old-space-size=${Math.ceil(maxMemoryMiB)}`]
  return { execArgv: [...execArgv, ...limit], env, stdout }
}

/** Starts a process that waits to be told what to run. */
export function forkHost({ execArgv, env, stdout }: HostShape): ChildProcess {
  return fork(HOST, [], {
    execArgv: [...execArgv],
    env: { ...process.env, ...env, [OWNERS_FOLDER]: privateFolder(), [OWNERS_PID]: `${process.pid}` },
    serialization: 'advanced',
    stdio: ['ignore', stdout === 'stderr' ? 2 : stdout, 'inherit', 'ipc'],
  })
}
