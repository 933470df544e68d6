/**
 * A worker that is a program of its own, in whatever language: started again whenever it dies, until it leaves.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { eventually } from './eventually.js'
import type { Ends, Lodger } from './machine.js'

export interface ProgramTerms {
  /** The program and its arguments. */
  readonly command: (ends: Ends) => readonly [string, ...string[]]
  /** A line that it writes when it has joined, on either output. */
  readonly joined: RegExp
  /** Is told each process that it has. */
  readonly onStart: (pid: number) => void
  /** Is told when it ends and nobody has killed it or asked it to, with what it said last. */
  readonly onFailure: (why: string) => void
}

export class Program implements Lodger {
  readonly #terms: ProgramTerms
  readonly #command: readonly [string, ...string[]]
  readonly #killChild = () => void this.#child.kill('SIGKILL')
  #child!: ChildProcess
  #hasJoined = false
  #isEnding = false
  #said = ''

  static async start(terms: ProgramTerms, ends: Ends): Promise<Program> {
    const program = new Program(terms, ends)
    // It must not outlive this process.
    process.on('exit', program.#killChild)
    program.#run()
    await eventually('a program joins', () => program.#hasJoined)
    return program
  }

  private constructor(terms: ProgramTerms, ends: Ends) {
    this.#terms = terms
    this.#command = terms.command(ends)
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  async leave(): Promise<void> {
    await this.#end('SIGTERM')
    const { exitCode, signalCode } = this.#child
    if (exitCode !== 0) this.#terms.onFailure(`it left with ${exitCode ?? signalCode}: ${this.#said}`)
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#isEnding = true
    const closed = once(this.#child, 'close')
    // It may be dead already, and not started again.
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill(signal)
      await closed
    }
    process.off('exit', this.#killChild)
  }

  #run(): void {
    const [file, ...args] = this.#command
    const child = spawn(file, args, { stdio: 'pipe' })
    this.#child = child
    if (child.pid !== undefined) this.#terms.onStart(child.pid)
    for (const output of [child.stdout, child.stderr]) {
      createInterface(output).on('line', (line) => {
        this.#said = line
        if (this.#terms.joined.test(line)) this.#hasJoined = true
      })
    }
    child.on('error', (error) => this.#terms.onFailure(`it cannot be started: ${error.message}`))
    child.on('close', (code) => {
      if (this.#isEnding) return
      if (code !== null) this.#terms.onFailure(`it ended with ${code}: ${this.#said}`)
      this.#run()
    })
  }
}
