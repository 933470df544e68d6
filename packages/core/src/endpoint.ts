/**
 * Endpoints in czmq's syntax: `@` binds, `>` connects, commas make several, and a tcp port may be `!` or `*` for any
 * free one, or `[low-high]` for the first free one of a range.
 */
import { TroupeError } from './errors.js'

export type End = 'bind' | 'connect'

export interface Endpoint {
  readonly end: End
  /** As ZeroMQ writes it, without `@` or `>`. */
  readonly address: string
}

/** The endpoint is not one: says which part, and what is accepted. */
export class InvalidEndpointError extends TroupeError {
  override readonly name = 'InvalidEndpointError'
  readonly endpoint: string

  constructor(endpoint: string, why: string) {
    super('INVALID_ENDPOINT', `endpoint ${JSON.stringify(endpoint)} is not valid: ${why}`)
    this.endpoint = endpoint
  }
}

/** Something would listen where strangers can reach it. */
export class InsecureEndpointError extends TroupeError {
  override readonly name = 'InsecureEndpointError'
  readonly endpoint: string

  constructor(what: string, endpoint: string) {
    super(
      'INSECURE_ENDPOINT',
      `${what} would listen on ${endpoint}, beyond loopback, ipc and inproc, for whoever reaches it: secure it with ` +
        '`security: { certificate, trust }` (`--cert` and `--trust`; `troupe cert new PATH` makes a certificate), listen on 127.0.0.1, ' +
        'or say `insecure: true` (`--insecure`) on a network that you trust',
    )
    this.endpoint = endpoint
  }
}

/** An operating system's limit on the length of the path of a unix socket. */
const MAX_IPC_PATH_BYTES = process.platform === 'darwin' ? 103 : 107

/**
 * Reads a list of endpoints.
 * @throws {InvalidEndpointError} `INVALID_ENDPOINT`
 */
export function parseEndpoints(text: string, defaultEnd: End): Endpoint[] {
  if (typeof text !== 'string') throw new InvalidEndpointError(String(text), 'it must be a string')
  return text.split(',').map((part) => {
    const one = part.trim()
    const end = one.startsWith('@') ? 'bind' : one.startsWith('>') ? 'connect' : defaultEnd
    const address = one.replace(/^[@>]/, '')
    checkAddress(address, end)
    return { end, address }
  })
}

/**
 * Whether an address can be reached from this machine alone: tcp on loopback, ipc, inproc.
 * `*` and the names of interfaces count as reachable from elsewhere.
 */
export function isLocalAddress(address: string): boolean {
  if (/^(ipc|inproc):\/\//.test(address)) return true
  const host = hostOf(address)
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** @throws {InsecureEndpointError} `INSECURE_ENDPOINT` for what binds beyond this machine, unless `insecure`, or secured */
export function assertSafeEndpoint(endpoints: readonly Endpoint[], what: string, insecure: boolean): void {
  for (const { end, address } of endpoints) {
    if (end === 'bind' && !insecure && !isLocalAddress(address)) throw new InsecureEndpointError(what, address)
  }
}

/** The addresses to try to bind, in order: several for a range of ports, one else. */
export function bindCandidates(address: string): string[] {
  const range = /^(tcp:\/\/.*):\[(\d+)-(\d+)\]$/.exec(address)
  if (range !== null) {
    const [, host, low, high] = range
    return Array.from({ length: Number(high) - Number(low) + 1 }, (_, index) => `${host}:${Number(low) + index}`)
  }
  return [address.replace(/^(tcp:\/\/.*):!$/, '$1:*')]
}

function checkAddress(address: string, end: End): void {
  const scheme = /^([a-z]+):\/\/(.*)$/s.exec(address)
  if (scheme === null) {
    throw new InvalidEndpointError(address, 'it must begin with tcp://, ipc:// or inproc://, after an optional @ or >')
  }
  const [, transport, rest = ''] = scheme
  if (rest.includes('\0')) throw new InvalidEndpointError(address, 'it must have no zero byte')
  if (transport === 'tcp') return checkTcp(address, rest, end)
  if (transport !== 'ipc' && transport !== 'inproc') {
    throw new InvalidEndpointError(address, `the transport ${transport} is not one of tcp, ipc, inproc`)
  }
  if (rest === '')
    throw new InvalidEndpointError(address, `${transport}:// needs a ${transport === 'ipc' ? 'path' : 'name'}`)
  if (transport === 'ipc' && process.platform === 'win32') {
    throw new InvalidEndpointError(address, 'ipc is not offered on Windows: use tcp://127.0.0.1:*')
  }
  if (transport === 'ipc' && Buffer.byteLength(rest) > MAX_IPC_PATH_BYTES) {
    throw new InvalidEndpointError(
      address,
      `the path is longer than the ${MAX_IPC_PATH_BYTES} bytes that a unix socket may have`,
    )
  }
  if (transport === 'ipc' && rest === '*' && end === 'connect') {
    throw new InvalidEndpointError(address, 'only what binds may leave the path open')
  }
}

function checkTcp(address: string, rest: string, end: End): void {
  if (/\s/.test(rest)) throw new InvalidEndpointError(address, 'it must have no white space')
  const parts = /^(?:[^;]+;)?(\[[^\]]+\]|[^:[\]]+):([^:]+)$/.exec(rest)
  if (parts === null) throw new InvalidEndpointError(address, 'tcp:// needs a host and a port, as tcp://127.0.0.1:5555')
  const [, host = '', port = ''] = parts
  const range = /^\[(\d+)-(\d+)\]$/.exec(port)
  if (end === 'connect' && (host === '*' || !/^\d+$/.test(port))) {
    throw new InvalidEndpointError(address, 'only what binds may leave the host or the port open')
  }
  if (port === '*' || port === '!') return
  const numbers = range === null ? [port] : [range[1]!, range[2]!]
  if (!numbers.every((number) => /^\d+$/.test(number) && Number(number) <= 65_535)) {
    throw new InvalidEndpointError(address, `the port ${port} is not one of 0 to 65535, *, ! or [low-high]`)
  }
  if (end === 'connect' && Number(port) === 0) throw new InvalidEndpointError(address, 'nothing can connect to port 0')
  if (range !== null && Number(range[1]) > Number(range[2])) {
    throw new InvalidEndpointError(address, `the range of ports ${port} is empty`)
  }
}

function hostOf(address: string): string {
  const rest = address.replace(/^tcp:\/\//, '').replace(/^[^;]+;/, '')
  const bracketed = /^\[([^\]]+)\]/.exec(rest)
  return bracketed?.[1] ?? rest.slice(0, rest.lastIndexOf(':'))
}
