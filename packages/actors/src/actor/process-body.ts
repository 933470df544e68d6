/**
 * An actor in a process of its own, seen from its owner.
 */
import { type ChildProcess, fork, type StdioOptions } from 'node:child_process'
import {
  deferred,
  errorFrom,
  type PrivateEndpoint,
  privateEndpoint,
  privateFolder,
  type TroupeError,
} from '@troupe/core'
import type { CheckedActorOptions } from './actor.options.js'
import type { Body } from './body.js'
import { Channel } from './channel.js'
import { ActorExitedError, type Exit } from './exit.js'
import { asFailure } from './inline-body.js'
import type { ModuleExport } from './load-export.js'
import { makePipe, type Pipe } from './pipe.js'
import { PipeSocket } from './pipe-socket.js'
import type { FromProcess, ToProcess } from './process-protocol.js'

const HOST = new URL('./process-host.js', import.meta.url)

export const processBody = (name: string, code: ModuleExport, args: unknown, options: CheckedActorOptions): Body =>
  new ProcessBody(name, code, args, options)

class ProcessBody implements Body {
  readonly pipe: Pipe
  readonly #name: string
  readonly #options: CheckedActorOptions
  readonly #child: ChildProcess
  readonly #ready = deferred()
  readonly #ended = deferred<Exit>()
  readonly #fromActor: Channel
  #socket: { readonly pipe: PipeSocket; readonly place: PrivateEndpoint } | undefined
  #failure: TroupeError | undefined
  #progress: 'running' | 'ended' = 'running'
  #told: 'nothing' | 'terminate' | 'kill' = 'nothing'

  constructor(name: string, code: ModuleExport, args: unknown, options: CheckedActorOptions) {
    this.#name = name
    this.#options = options
    this.#fromActor = new Channel(`the pipe of actor ${name}`, options.pipeLimit)
    this.#child = fork(HOST, [], {
      execArgv: options.execArgv ?? inheritedExecArgv(),
      env: { ...process.env, ...options.env },
      serialization: 'advanced',
      stdio: stdio(options.stdout),
    })
    this.#child.on('message', (message) => this.#heard(message as FromProcess))
    this.#child.once('error', (error) => this.#fail(error))
    this.#child.once('exit', (exitCode, signal) => this.#exited(exitCode, signal))
    this.pipe = makePipe({
      put: (message, wait) => this.#open().send(message, wait),
      incoming: this.#fromActor,
      used: () => undefined,
    })
    this.#tell({
      type: 'boot',
      name,
      module: code.module.href,
      export: code.export,
      args,
      pipeLimit: options.pipeLimit,
      folder: privateFolder(),
    })
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get ended(): Promise<Exit> {
    return this.#ended.promise
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  terminate(): void {
    if (this.#told === 'nothing') this.#told = 'terminate'
    this.#tell({ type: 'terminate' })
    void this.#socket?.pipe.end()
  }

  kill(): void {
    this.#told = 'kill'
    this.#child.kill('SIGKILL')
  }

  async release(): Promise<void> {
    await this.#socket?.pipe.close()
    this.#socket?.place[Symbol.dispose]()
    this.#fromActor.end()
  }

  #heard(message: FromProcess): void {
    switch (message.type) {
      case 'ready':
        return this.#ready.resolve()
      case 'open-pipe':
        this.#open()
        return
      case 'ending':
        return void this.#drain()
      case 'ended':
        this.#progress = 'ended'
        return
      case 'failed':
        return this.#fail(errorFrom(message.error))
    }
  }

  /** Opens the pipe, and lets the process connect to it. */
  #open(): PipeSocket {
    if (this.#socket === undefined) {
      const place = privateEndpoint()
      const pipe = new PipeSocket(`@${place.endpoint}`, this.#options.pipeLimit, this.#fromActor)
      this.#socket = { pipe, place }
      pipe.endpoint().then(
        (endpoint) => this.#tell({ type: 'pipe', endpoint, folder: privateFolder() }),
        (error) => this.#fail(error),
      )
    }
    return this.#socket.pipe
  }

  /** Takes what the process still has in its pipe, before it goes: a closed ipc connection can lose it. */
  async #drain(): Promise<void> {
    this.#fromActor.unbound()
    if (this.#socket !== undefined) await this.#fromActor.ended
    this.#tell({ type: 'drained' })
  }

  #fail(error: unknown): void {
    this.#failure ??= asFailure(this.#name, error)
    // One that could not even be started has no exit to wait for.
    if (this.#child.pid === undefined) this.#exited(null, null)
  }

  #exited(exitCode: number | null, signal: string | null): void {
    const exit = this.#exitOf(exitCode, signal)
    if (exit.reason === 'failed') this.#ready.reject(exit.error)
    else this.#ready.resolve()
    this.#ended.resolve(exit)
  }

  #exitOf(exitCode: number | null, signal: string | null): Exit {
    if (this.#failure !== undefined) return { reason: 'failed', error: this.#failure }
    if (this.#progress === 'ended') return { reason: this.#told === 'nothing' ? 'normal' : 'shutdown' }
    if (this.#told === 'kill') return { reason: 'killed' }
    return { reason: 'failed', error: new ActorExitedError(this.#name, exitCode, signal) }
  }

  #tell(message: ToProcess): void {
    // It may be gone: then its exit says so.
    if (this.#child.connected) this.#child.send(message, () => undefined)
  }
}

/** This process's flags, less those that would make a second debugger or run its script again. */
function inheritedExecArgv(): string[] {
  const kept: string[] = []
  for (let index = 0; index < process.execArgv.length; index++) {
    const flag = process.execArgv[index]!
    if (/^(-e|--eval|-p|--print|-pe|--input-type)$/.test(flag)) index++
    else if (!/^--(inspect|input-type=|eval=|print=|cpu-prof|heap-prof)/.test(flag)) kept.push(flag)
  }
  return kept
}

const stdio = (stdout: CheckedActorOptions['stdout']): StdioOptions => [
  'ignore',
  stdout === 'stderr' ? 2 : stdout,
  'inherit',
  'ipc',
]
