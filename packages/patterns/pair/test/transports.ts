/**
 * The transports that every fact of a pair must hold for. The patterns do not import each other, so each has its own
 * few lines of these.
 */
export type Transport = 'inproc' | 'ipc' | 'tcp'

export const TRANSPORTS: Transport[] = process.platform === 'win32' ? ['inproc', 'tcp'] : ['inproc', 'ipc', 'tcp']

/** Those that go from process to process. */
export const WIRES = TRANSPORTS.filter((transport) => transport !== 'inproc')

let last = 0

/** An endpoint to bind. */
export function anyEndpoint(transport: Transport): string {
  return { inproc: `inproc://any-${++last}`, ipc: 'ipc://*', tcp: 'tcp://127.0.0.1:*' }[transport]
}

/** So many messages from where they come. */
export async function take<Message>(count: number, from: { receive(): Promise<Message> }): Promise<Message[]> {
  const messages: Message[] = []
  while (messages.length < count) messages.push(await from.receive())
  return messages
}

export const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index))
