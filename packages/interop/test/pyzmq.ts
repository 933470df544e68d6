/**
 * A socket of pyzmq, in a Python of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { pythonWith } from '@troupe/testing/python-with'

const PEER = fileURLToPath(new URL('../python/peer.py', import.meta.url))

const python = pythonWith('zmq')

/** Why there is no pyzmq here; undefined where there is. */
export const missing = python === undefined ? 'no Python here has pyzmq: on Debian, apt install python3-zmq' : undefined

type PeerType = 'PUSH' | 'PULL' | 'PAIR' | 'REQ' | 'REP' | 'DEALER' | 'ROUTER' | 'PUB' | 'SUB' | 'XPUB' | 'XSUB'
type Frame = string | Uint8Array

export class PyPeer implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  #address = ''

  static async start(
    type: PeerType,
    end: 'bind' | 'connect',
    endpoint: string,
    options: readonly string[] = [],
  ): Promise<PyPeer> {
    const peer = new PyPeer(
      spawn(python!, [PEER, type, end, endpoint, ...options], { stdio: ['pipe', 'pipe', 'inherit'] }),
    )
    const { address } = (await peer.#answer()) as { address: string }
    peer.#address = address
    return peer
  }

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface(child.stdout!)[Symbol.asyncIterator]()
  }

  /** What it is bound to. */
  get address(): string {
    return this.#address
  }

  async send(...frames: Frame[]): Promise<void> {
    await this.#tell({ send: frames.map(base64) })
  }

  /** The next message. @throws {Error} when none comes in 10 s */
  async receive(): Promise<Buffer[]> {
    const { frames } = (await this.#tell({ receive: 10_000 })) as { frames: string[] | null }
    if (frames === null) throw new Error('nothing came to the peer in Python')
    return frames.map((frame) => Buffer.from(frame, 'base64'))
  }

  /** The next message, of one frame, as text. */
  async receiveText(): Promise<string> {
    const [frame, ...others] = await this.receive()
    if (others.length > 0) throw new Error(`${1 + others.length} frames came to the peer in Python`)
    return frame!.toString()
  }

  async subscribe(prefix: Frame): Promise<void> {
    await this.#tell({ subscribe: base64(prefix) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.stdin!.end()
    await exited
  }

  async #tell(command: object): Promise<unknown> {
    this.#child.stdin!.write(`${JSON.stringify(command)}\n`)
    return this.#answer()
  }

  async #answer(): Promise<unknown> {
    const { done, value } = await this.#lines.next()
    if (done === true) throw new Error('the peer in Python has ended')
    return JSON.parse(value)
  }
}

const base64 = (frame: Frame): string => Buffer.from(frame as string).toString('base64')
