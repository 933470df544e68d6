/**
 * An actor in a process of its own, seen from its owner.
 */
import { type ChildProcess, fork } from 'node:child_process'
import {
  deferred,
  errorData,
  errorFrom,
  type PrivateEndpoint,
  privateEndpoint,
  privateFolder,
  TroupeError,
} from '@troupe/core'
import type { CheckedActorOptions } from './actor.options.js'
import type { Body } from './body.js'
import { Channel } from './channel.js'
import { ActorExitedError, asFailure, type Exit } from './exit.js'
import { inheritedExecArgv } from './inherited-exec-argv.js'
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
    this.#child = forkHost(options)
    this.#child.on('message', (message) => this.#heard(message as FromProcess))
    this.#child.once('error', (error) => this.#fail(error))
    this.#child.once('exit', (exitCode, signal) => this.#exited(exitCode, signal))
    this.pipe = makePipe({
      put: (message, wait) => this.#open().send(message, wait),
      incoming: this.#fromActor,
      used: () => undefined,
    })
    const { module, export: exported } = code
    const { pipeLimit } = options
    try {
      this.#tell({
        ...{ type: 'boot', name, module: module.href, export: exported, args, pipeLimit },
        folder: privateFolder(),
      })
    } catch (cause) {
      const why = `the arguments of actor ${name} cannot be sent to a process: ${errorData(cause).message}`
      this.#breakOff(new TroupeError('ENCODE_FAILED', why, { cause }))
    }
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
    this.#tell({ type: 'terminate', piped: this.#socket !== undefined })
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
        return this.#opened()
      case 'ending':
        return void this.#drain()
      case 'ended':
        this.#progress = 'ended'
        return
      case 'failed':
        return this.#fail(errorFrom(message.error))
    }
  }

  #opened(): void {
    try {
      this.#open()
    } catch {
      // It has ended the actor, whose exit tells.
    }
  }

  /** Opens the pipe, and lets the process connect to it. An actor that cannot have its pipe is ended. */
  #open(): PipeSocket {
    if (this.#socket !== undefined) return this.#socket.pipe
    const breakOff = (error: unknown) => this.#breakOff(error)
    const place = this.#place()
    // Before there is a file in it: whenever this process dies, the other knows what to remove.
    this.#tell({ type: 'folder', folder: privateFolder() })
    const pipe = new PipeSocket(`@${place.endpoint}`, this.#options.pipeLimit, this.#fromActor, breakOff)
    this.#socket = { pipe, place }
    pipe.endpoint().then(
      (endpoint) => this.#tell({ type: 'pipe', endpoint }),
      (error) => this.#progress === 'running' && breakOff(error),
    )
    if (this.#told !== 'nothing') void pipe.end()
    return pipe
  }

  #place(): PrivateEndpoint {
    try {
      return privateEndpoint()
    } catch (cause) {
      const why = `the pipe of actor ${this.#name} has no place: ${errorData(cause).message}`
      const error = new TroupeError('ENDPOINT_UNAVAILABLE', why, { cause })
      this.#breakOff(error)
      throw error
    }
  }

  /** Takes what the process still has in its pipe, before it goes: a closed ipc connection can lose it. */
  async #drain(): Promise<void> {
    this.#fromActor.unbound()
    if (this.#socket !== undefined) await this.#fromActor.ended
    this.#tell({ type: 'drained' })
  }

  #breakOff(error: unknown): void {
    this.#fail(error)
    this.#child.kill('SIGKILL')
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

function forkHost({ execArgv, env, stdout }: CheckedActorOptions): ChildProcess {
  return fork(HOST, [], {
    execArgv: execArgv ?? inheritedExecArgv(process.execArgv),
    env: { ...process.env, ...env },
    serialization: 'advanced',
    stdio: ['ignore', stdout === 'stderr' ? 2 : stdout, 'inherit', 'ipc'],
  })
}
