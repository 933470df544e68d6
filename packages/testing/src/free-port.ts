import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below those that systems give to connections: one that tries a port of those where nobody listens can become its own peer. */
const PORTS = [20_000, 32_000] as const

/** A port of loopback that nobody listens at. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(...PORTS)
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('listening', () => server.close(() => resolve(true)))
      server.once('error', () => resolve(false))
    })
    if (isFree) return port
  }
}
