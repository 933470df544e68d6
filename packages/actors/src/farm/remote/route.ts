/**
 * The addresses under which a worker and its farm reach each other.
 */
import { connect, isIPv6 } from 'node:net'
import { parseEndpoints, TroupeError } from '@troupe/core'

/** How long the way to the farm may take to be found, in ms. */
const FIND_MS = 5_000

/**
 * The address of this machine from which it reaches an endpoint, as an endpoint writes it.
 * @throws {TroupeError} `UNAVAILABLE` when nothing answers there
 */
export function routeTo(endpoint: string): Promise<string> {
  const { host, port } = hostAndPort(endpoint)
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: FIND_MS })
    const failed = (why: string, cause?: unknown) => {
      socket.destroy()
      const message = `no farm can be reached at ${endpoint}: ${why}`
      reject(new TroupeError('UNAVAILABLE', message, { cause, retryable: true }))
    }
    socket.once('connect', () => {
      const { localAddress = '127.0.0.1' } = socket
      socket.destroy()
      resolve(isIPv6(localAddress) ? `[${localAddress}]` : localAddress)
    })
    socket.once('timeout', () => failed(`nothing answered for ${FIND_MS} ms`))
    socket.once('error', (error) => failed(error.message, error))
  })
}

/** Where the farm reaches what is bound: `advertise` is a host, or a host and a port. */
export function advertised(bound: string, advertise: string | undefined): string {
  if (advertise === undefined) return bound
  const port = /:(\d+)$/.exec(bound)?.[1] ?? ''
  const given = advertise.replace(/^tcp:\/\//, '')
  const address = `tcp://${/^(\[[^\]]+\]|[^:]+):\d+$/.test(given) ? given : `${given}:${port}`}`
  parseEndpoints(address, 'connect')
  return address
}

function hostAndPort(endpoint: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^tcp:\/\/(?:[^;]+;)?(\[[^\]]+\]|[^:]+):(\d+)$/.exec(endpoint) ?? []
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}
