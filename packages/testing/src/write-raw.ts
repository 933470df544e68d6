/**
 * What comes to a tcp port from programs that speak something else.
 */
import { connect } from 'node:net'

/** Writes each to a port, on a connection of its own; resolves when all connections are closed. */
export async function writeRaw(port: number, rubbish: readonly Uint8Array[]): Promise<void> {
  for (const bytes of rubbish) {
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.end(bytes))
      socket.resume()
      socket.on('error', () => undefined)
      socket.on('close', () => resolve())
    })
  }
}
