/**
 * The addresses under which a worker and its farm reach each other.
 */
import dns from 'node:dns/promises'
import { connect, isIP, isIPv6 } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { AbortedError, parseEndpoints, TroupeError } from '@troupe/core'

/** How long the way to the farm may take to be found, in ms. */
const FIND_MS = 5_000

/** How often a farm is looked for that is not there yet, in ms. */
const LOOK_AGAIN_MS = 250

export interface Patience {
  /** For so long, in ms; 0 for ever. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** Nothing is there yet. */
  waiting(why: string): void
}

/** As {@link routeTo}, and waits for who is not there yet. @throws {TroupeError} `UNAVAILABLE`, `ABORTED` */
export async function routeInTime(endpoint: string, { timeoutMs, signal, waiting }: Patience): Promise<string> {
  const byMs = timeoutMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs
  for (;;) {
    try {
      return await routeTo(endpoint)
    } catch (error) {
      if (performance.now() + LOOK_AGAIN_MS > byMs) throw error
      waiting((error as Error).message)
    }
    try {
      await delay(LOOK_AGAIN_MS, undefined, { signal })
    } catch {
      throw new AbortedError('the join of a farm', signal?.reason)
    }
  }
}

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

/** Whether it is one address that can be dialled, over tcp or ipc. */
export function isAddress(text: string): boolean {
  try {
    const [one, ...others] = parseEndpoints(text, 'connect')
    return others.length === 0 && one?.address === text && /^(tcp|ipc):/.test(text)
  } catch {
    return false
  }
}

/**
 * Whether a farm dials what a worker says that it listens at: an address of tcp; of ipc only where they reach each other by that, as a path
 * of another machine means something else here.
 */
export function isReachable(inbox: string, sink: string | undefined): boolean {
  if (!isAddress(inbox) || inbox === sink) return false
  return inbox.startsWith('ipc:') ? sink?.startsWith('ipc:') === true : HOST_AND_PORT.test(inbox)
}

/** A host by name or number: none in brackets, which are for IPv6, and the farm's sockets speak IPv4. */
const HOST_AND_PORT = /^tcp:\/\/([^:[\];]+):(\d+)$/

/**
 * An address with the number of its host instead of its name. libzmq would look the name up in its I/O thread, which serves all others too,
 * and wait for the answer.
 * @throws {Error} when nobody knows the name
 */
export async function numbered(address: string): Promise<string> {
  const [, host = '', port = ''] = HOST_AND_PORT.exec(address) ?? []
  if (host === '' || isIP(host) !== 0) return address
  const { address: number } = await dns.lookup(host, { family: 4 })
  return `tcp://${number}:${port}`
}

/** Where the farm reaches what is bound: `advertise` is a host, or a host and a port. */
export function advertised(bound: string, advertise: string | undefined): string {
  if (advertise === undefined) return bound
  const port = /:(\d+)$/.exec(bound)?.[1] ?? ''
  const given = advertise.replace(/^tcp:\/\//, '')
  return `tcp://${hasPort(given) ? given : `${given}:${port}`}`
}

export const hasPort = (advertise: string): boolean => /^(tcp:\/\/)?(\[[^\]]+\]|[^:/]+):\d+$/.test(advertise)

/** The host of what is advertised, without its port. */
export const hostOf = (advertise: string): string => (hasPort(advertise) ? advertise.replace(/:\d+$/, '') : advertise)

function hostAndPort(endpoint: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^tcp:\/\/(?:[^;]+;)?(\[[^\]]+\]|[^:]+):(\d+)$/.exec(endpoint) ?? []
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}
