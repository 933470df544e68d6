/**
 * The transports that every fact of a socket must hold for.
 */
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { freePort } from './free-port.js'

export type Transport = 'inproc' | 'ipc' | 'tcp'

export const TRANSPORTS: Transport[] = process.platform === 'win32' ? ['inproc', 'tcp'] : ['inproc', 'ipc', 'tcp']

/** Those that go through the I/O thread: they reconnect, and have events. */
export const WIRES = TRANSPORTS.filter((transport) => transport !== 'inproc')

let last = 0

/** An endpoint to bind. */
export function anyEndpoint(transport: Transport): string {
  return { inproc: `inproc://any-${++last}`, ipc: 'ipc://*', tcp: 'tcp://127.0.0.1:*' }[transport]
}

/** An address that nothing is bound to, to connect to before it is bound. */
export async function freeAddress(transport: Transport): Promise<string> {
  if (transport === 'inproc') return anyEndpoint('inproc')
  if (transport === 'ipc') {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-test-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    return `ipc://${folder}/x`
  }
  return `tcp://127.0.0.1:${await freePort()}`
}

/** So many messages from where they come. */
export async function take<Message>(count: number, from: { receive(): Promise<Message> }): Promise<Message[]> {
  const messages: Message[] = []
  while (messages.length < count) messages.push(await from.receive())
  return messages
}

export const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(from + index))
