/**
 * A worker that says to a farm what a test has it say.
 */
import type { Farm } from '@troupe/actors/farm'
import { type CurveSecurity, ZMQMonitor } from '@troupe/core'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { onTestFinished } from 'vitest'
import { decodeBody, decodeHeader, encodeBody, encodeHeader, type FrameKind } from '../../dist/farm/wire.js'
import * as tasks from './fixtures/tasks.mjs'

/** The farm's tasks, as a worker says that it has them. */
export const SIGNS = Object.values(tasks).map(({ name, version }) => ({ name, ...(version && { version }) }))

export interface PuppetOptions {
  readonly incarnation?: string
  /** The run that it says in its HELLO. */
  readonly run?: string
  readonly security?: CurveSecurity
  /** Does not answer a WELCOME. */
  readonly isMute?: boolean
}

export class Puppet {
  readonly #sink: ZMQPush<{ codec: 'frames' }>
  readonly #inbox: ZMQPull<{ codec: 'frames' }>
  readonly #options: PuppetOptions
  readonly incarnation: string
  run = ''
  /** What WELCOME gave it, or what the test has it say. */
  token: string | undefined
  /** What has come, by its kind. */
  readonly heard: [FrameKind, unknown][] = []

  static async of(farm: Farm, options: PuppetOptions = {}): Promise<Puppet> {
    const puppet = new Puppet(farm.endpoint!, options)
    onTestFinished(() => puppet.close())
    void puppet.#listen()
    return puppet
  }

  private constructor(endpoint: string, options: PuppetOptions) {
    const { incarnation = `puppet-${Math.random()}`, security } = options
    this.#options = options
    this.#sink = new ZMQPush(`>${endpoint}`, { codec: 'frames', lingerMs: 0, security })
    this.#inbox = new ZMQPull('@tcp://127.0.0.1:*', { codec: 'frames', security })
    this.incarnation = incarnation
  }

  inbox = (): Promise<string> => this.#inbox.endpoint()

  async hello(more: Record<string, unknown> = {}): Promise<void> {
    const body = { inbox: await this.inbox(), pid: process.pid, tasks: SIGNS, encodings: ['msgpack'], ...more }
    await this.say('HELLO', 0, body, this.#options.run ?? '')
  }

  async say(kind: FrameKind, sequence: number, body: unknown, run = this.run): Promise<void> {
    const { incarnation, token } = this
    const header = encodeHeader({ kind, run, incarnation, sequence, acknowledged: 0, token })
    await this.#sink.send([header, encodeBody(body, 'msgpack')])
  }

  async raw(...parts: Uint8Array[]): Promise<void> {
    await this.#sink.send(parts)
  }

  /** Resolves when the farm hangs up. */
  async hungUp(): Promise<void> {
    for await (const { type } of new ZMQMonitor(this.#sink)) if (type === 'disconnected') return
  }

  told = (kind: FrameKind) => this.heard.find(([other]) => other === kind)?.[1]

  async close(): Promise<void> {
    await this.#sink.close()
    await this.#inbox.close()
  }

  async #listen(): Promise<void> {
    for await (const parts of this.#inbox) {
      const header = decodeHeader(parts)!
      const body = decodeBody(header.kind, parts[1]!, 'msgpack')
      this.heard.push([header.kind, body])
      if (header.kind !== 'WELCOME') continue
      this.run = header.run
      this.token ??= (body as { token: string }).token
      if (this.#options.isMute) continue
      await this.say('BEAT', 0, null)
    }
  }
}
