/**
 * The ends of czmq and pyzmq in the tests of security: programs with the same words, as czmq/security_peer.c says.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { pythonWith } from '@troupe/testing/python-with'
import { missing as missingPyzmq } from './pyzmq.js'

const run = promisify(execFile)
const C_SOURCE = fileURLToPath(new URL('../czmq/security_peer.c', import.meta.url))
const PYTHON_SOURCE = fileURLToPath(new URL('../python/security_peer.py', import.meta.url))
const FLAGS = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror']

const check = spawnSync('cc', ['-E', '-'], { input: '#include <czmq.h>', stdio: ['pipe', 'ignore', 'ignore'] })

/** A language's end. */
export interface SecurityPeers {
  readonly name: string
  /** Why it is not here; undefined where it is. */
  readonly missing: string | undefined
  /** How the files of its certificates end, and which of the two it reads a pair of keys from. */
  readonly suffix: string
  readonly secretSuffix: string
  /** Makes its command ready; returns what removes it again. */
  prepare(): () => void
  command(): readonly [file: string, ...args: string[]]
}

let built = ''
const czmq: SecurityPeers = {
  name: 'czmq',
  missing:
    check.status === 0 ? undefined : 'there is no C compiler with czmq here: on Debian, apt install gcc libczmq-dev',
  suffix: '',
  secretSuffix: '',
  prepare() {
    built = mkdtempSync(join(tmpdir(), 'troupe-czmq-'))
    const { status, stderr } = spawnSync('cc', [...FLAGS, '-o', join(built, 'peer'), C_SOURCE, '-lczmq', '-lzmq'])
    if (status !== 0) throw new Error(`the peer of czmq cannot be built: ${stderr}`)
    return () => rmSync(built, { recursive: true })
  },
  command: () => [join(built, 'peer')],
}

const pyzmq: SecurityPeers = {
  name: 'pyzmq',
  missing: missingPyzmq,
  suffix: '.key',
  secretSuffix: '.key_secret',
  prepare: () => () => undefined,
  command: () => [pythonWith('zmq')!, PYTHON_SOURCE],
}

export const ALL_PEERS = [czmq, pyzmq]

/** What a program that ends by itself prints, line by line. */
export async function told(peers: SecurityPeers, ...words: readonly string[]): Promise<string[]> {
  const [file, ...args] = peers.command()
  const { stdout } = await run(file, [...args, ...words])
  return stdout.trimEnd().split('\n')
}

/** One that runs, until it is disposed of. */
export class SecurityPeer implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #ended: Promise<unknown>

  constructor(peers: SecurityPeers, ...words: readonly string[]) {
    const [file, ...args] = peers.command()
    this.#child = spawn(file, [...args, ...words], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface(this.#child.stdout!)[Symbol.asyncIterator]()
    this.#ended = once(this.#child, 'close')
  }

  /** The next line that it prints. @throws {Error} when it has ended */
  async line(): Promise<string> {
    const { done, value } = await this.#lines.next()
    if (done === true) throw new Error('the peer has ended')
    return value
  }

  say(line: string): void {
    this.#child.stdin!.write(`${line}\n`)
  }

  /** Has it look at its folder again. */
  async reload(): Promise<void> {
    this.say('reload')
    const answer = await this.line()
    if (answer !== 'reloaded') throw new Error(`the peer says ${answer}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin!.end()
    await this.#ended
  }
}
