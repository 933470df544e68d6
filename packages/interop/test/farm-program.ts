/**
 * A program that joins a farm as a worker: its last argument says where the farm listens.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Farm } from '@troupe/actors/farm'
import { expect } from 'vitest'

export class FarmProgram implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #said = ''

  constructor([program, ...args]: readonly string[], endpoint: string) {
    this.#child = spawn(program!, [...args, endpoint], { stdio: ['ignore', 'inherit', 'pipe'] })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text
    })
    this.#ended = once(this.#child, 'close')
  }

  get pid(): number {
    return this.#child.pid!
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

/** Resolves once so many workers of the farm can be given tasks. */
export async function untilReady(farm: Farm, count = 1): Promise<void> {
  const ready = () => farm.stats().workers.filter(({ state }) => state === 'idle' || state === 'working').length
  await expect.poll(ready, { timeout: 20_000, interval: 5 }).toBe(count)
}
