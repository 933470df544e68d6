/**
 * The server of NATS, as Debian has it: https://packages.debian.org/nats-server
 */
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'

const COMMAND = 'nats-server'
/** Debian puts it where only root looks. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` }
/** Any free port. */
const ARGUMENTS = ['--addr', '127.0.0.1', '--port', '-1']
/**
 * Ends it when the pipe ends that only this process holds, so it is not left behind however this process dies. Its log goes
 * on alone to the standard error, whose end thus says that it has ended.
 */
const SHELL = '"$@" & server=$!; exec 2>/dev/null; cat >/dev/null; kill $server; wait $server'

export function natsServerMissing(): string | undefined {
  return spawnSync(COMMAND, ['--version'], { env }).status === 0 ? undefined : `${COMMAND} is not installed`
}

/** Resolves with its address. It ends with this process, and this process with it. */
export async function startNatsServer(): Promise<string> {
  const args = ['-c', SHELL, 'sh', COMMAND, ...ARGUMENTS]
  // Detached, for an interrupt from the keyboard would end the shell first.
  const shell = spawn('/bin/sh', args, { detached: true, env, stdio: ['pipe', 'ignore', 'pipe'] })
  const log: string[] = []
  for await (const line of createInterface(shell.stderr)) {
    log.push(line)
    const address = /Listening for client connections on (\S+)/.exec(line)?.[1]
    if (address !== undefined) {
      shell.stderr.on('end', () => {
        throw new Error(`${COMMAND} ended`)
      })
      // A pipe that nobody reads would stop it.
      shell.stderr.resume()
      return address
    }
  }
  throw new Error(`${COMMAND} ended at its start: ${log.join('\n')}`)
}
