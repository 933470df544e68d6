/**
 * A server that a contender needs beside it, as Debian has it. It ends with the process that started it, however that ends.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface DebianServer {
  readonly command: string
  readonly args: readonly string[]
  /** What of its log says that it serves. */
  readonly ready: RegExp
  /** What its environment has beside that of this process. */
  readonly env?: Readonly<Record<string, string>>
}

/** Debian puts some where only root looks. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` }
/**
 * Ends it when the pipe ends that only this process holds, so it is not left behind however this process dies. Its log goes
 * on alone to the standard error, whose end thus says that it has ended.
 */
const SHELL = '"$@" 1>&2 & server=$!; exec 2>/dev/null; cat >/dev/null; kill $server; wait $server'

export const missing = (command: string): string | undefined =>
  spawnSync(command, ['--version'], { env }).status === 0 ? undefined : `${command} is not installed`

/** Resolves with what `ready` found. It ends with this process, and this process with it. */
export async function startServer({ command, args, ready, env: own }: DebianServer): Promise<RegExpExecArray> {
  // Detached, for an interrupt from the keyboard would end the shell first.
  const shell = spawn('/bin/sh', ['-c', SHELL, 'sh', command, ...args], {
    ...{ detached: true, env: { ...env, ...own }, stdio: ['pipe', 'ignore', 'pipe'] },
  })
  const log: string[] = []
  for await (const line of createInterface(shell.stderr!)) {
    log.push(line)
    const found = ready.exec(line)
    if (found === null) continue
    shell.stderr!.on('end', () => {
      throw new Error(`${command} ended`)
    })
    // A pipe that nobody reads would stop it.
    shell.stderr!.resume()
    return found
  }
  throw new Error(`${command} ended at its start: ${log.join('\n')}`)
}
