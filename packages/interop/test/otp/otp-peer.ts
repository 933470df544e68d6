/**
 * The supervisors of Erlang/OTP, in an Erlang of their own.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { erlangTerm } from './erlang-term.js'
import type { Scenario } from './scenario.js'

const PEER = fileURLToPath(new URL('../../erlang/supervisors.escript', import.meta.url))

/** Why there is no Erlang here; undefined where there is. */
export const missing =
  spawnSync('escript', [], { stdio: 'ignore' }).error === undefined
    ? undefined
    : 'no escript here: on Debian, apt install erlang-nox'

/** A run that must have it says so. */
export const required = process.env.TROUPE_INTEROP === 'required'

export class OtpPeer implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor() {
    this.#child = spawn('escript', [PEER], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface(this.#child.stdout!)[Symbol.asyncIterator]()
  }

  /** What happens, line by line. One scenario at a time. */
  async play(scenario: Scenario): Promise<string[]> {
    this.#child.stdin!.write(`${erlangTerm(scenario)}\n`)
    const lines: string[] = []
    for (;;) {
      const { done, value } = await this.#lines.next()
      if (done === true) throw new Error(`Erlang has ended in the scenario of seed ${scenario.seed}`)
      if (value === 'over') return lines
      lines.push(value)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.stdin!.end()
    await exited
  }
}
