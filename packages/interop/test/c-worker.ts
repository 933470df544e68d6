/**
 * The worker in C: built into a temporary folder, and started.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../c', import.meta.url))
const FLAGS = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread']

const check = spawnSync('cc', ['-E', '-'], { input: '#include <zmq.h>', stdio: ['pipe', 'ignore', 'ignore'] })

/** Why there is no worker in C here; undefined where there is. */
export const missing =
  check.status === 0
    ? undefined
    : 'there is no C compiler with libzmq here: on Debian, apt install gcc libc6-dev libzmq3-dev'

/** The program, until it is disposed of. */
export class CProgram implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'troupe-c-'))

  /** @throws {Error} with what the compiler says */
  constructor(...flags: readonly string[]) {
    const sources = readdirSync(FOLDER).filter((name) => name.endsWith('.c'))
    const args = [...FLAGS, ...flags, '-o', this.path, ...sources, '-lzmq', '-lm']
    const { status, stderr } = spawnSync('cc', args, { cwd: FOLDER, encoding: 'utf8' })
    if (status === 0) return
    this[Symbol.dispose]()
    throw new Error(`the worker in C cannot be built: ${stderr}`)
  }

  get path(): string {
    return join(this.#folder, 'tasks_worker')
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** One that runs. It ends with this process, whatever becomes of that. */
export class CWorker implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  readonly #told: Record<string, string>[] = []
  #said = ''

  constructor(program: CProgram, farm: string, ...args: readonly string[]) {
    this.#child = spawn(program.path, [farm, '--until-stdin-ends', ...args], { stdio: 'pipe' })
    createInterface(this.#child.stdout!).on('line', (line) => this.#told.push(JSON.parse(line)))
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text
    })
    this.#ended = once(this.#child, 'close')
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** What it has told of one kind, in order. */
  told(kind: 'listens' | 'joined' | 'lost'): string[] {
    return this.#told.flatMap((one) => one[kind] ?? [])
  }

  /** What it has said on stderr. */
  get said(): string {
    return this.#said
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Its exit code, or the signal that killed it, once it has ended. */
  async exit(): Promise<number | NodeJS.Signals | null> {
    await this.#ended
    return this.#child.exitCode ?? this.#child.signalCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}
