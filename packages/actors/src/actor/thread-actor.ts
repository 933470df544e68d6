/**
 * A thread of its own for an actor, as its owner has it.
 */
import { Worker } from 'node:worker_threads'
import type { BodyTerms } from './body.js'
import type { Frame } from './frame.js'
import type { Host, HostEvents, OwnersPipe } from './remote-body.js'
import type { Boot, FromHost, ToHost } from './words.js'

const HOST = new URL('./thread-host.js', import.meta.url)

/** What goes through the port: words, and the frames of the pipe. */
export type InPort<Word> = { readonly word: Word } | { readonly frame: Frame }

export const startThread = (terms: BodyTerms, events: HostEvents): Host => new ThreadActor(terms, events)

class ThreadActor implements Host {
  readonly what = 'thread'
  readonly isWarm = false
  readonly pid = undefined
  readonly #worker: Worker
  readonly #transferList: BodyTerms['options']['transferList']

  constructor({ name, options }: BodyTerms, events: HostEvents) {
    const { execArgv, env, stdout, maxMemoryMiB, transferList } = options
    this.#transferList = transferList
    this.#worker = new Worker(HOST, {
      name,
      env: { ...process.env, ...env },
      ...(execArgv !== undefined && { execArgv }),
      ...(maxMemoryMiB !== undefined && { resourceLimits: { maxOldGenerationSizeMb: maxMemoryMiB } }),
      stdout: stdout !== 'inherit',
    })
    if (stdout === 'stderr') this.#worker.stdout.pipe(process.stderr, { end: false })
    if (stdout === 'ignore') this.#worker.stdout.resume()
    this.#worker.on('message', (message: InPort<FromHost>) => {
      if ('word' in message) events.word(message.word)
      else events.frame(message.frame)
    })
    this.#worker.once('error', (error: Error & { code?: unknown }) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') events.outOfMemory()
      else events.failed(error)
    })
    this.#worker.once('exit', (exitCode) => events.exited(exitCode, null))
  }

  boot(boot: Omit<Boot, 'folder' | 'place'>): void {
    const word: ToHost = { ...boot, folder: undefined, place: undefined }
    this.#worker.postMessage({ word } satisfies InPort<ToHost>, this.#transferList)
  }

  tell(word: ToHost): void {
    this.#worker.postMessage({ word } satisfies InPort<ToHost>)
  }

  open(): OwnersPipe {
    return {
      send: (frame) => this.#worker.postMessage({ frame } satisfies InPort<ToHost>),
      close: async () => undefined,
    }
  }

  kill(): void {
    void this.#worker.terminate()
  }

  async release(): Promise<void> {}
}
