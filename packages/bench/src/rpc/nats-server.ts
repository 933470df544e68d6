/**
 * The server of NATS: https://packages.debian.org/nats-server
 */
import { missing, startServer } from '../debian-server.js'

const COMMAND = 'nats-server'
/** Any free port. */
const ARGUMENTS = ['--addr', '127.0.0.1', '--port', '-1']

export const natsServerMissing = (): string | undefined => missing(COMMAND)

/** Resolves with its address. */
export async function startNatsServer(): Promise<string> {
  const ready = /Listening for client connections on (\S+)/
  const [, address] = await startServer({ command: COMMAND, args: ARGUMENTS, ready })
  return address!
}
