/**
 * All contenders among the RPC. A further one is a file, and a line here.
 */
import { natsServerMissing } from './nats-server.js'
import type { RpcContender } from './rpc-contender.js'

export const troupeRpc: RpcContender = {
  ...{ name: 'Troupe', streams: true, idles: true },
  open: async () => (await import('./troupe.js')).troupe,
}

export const troupeRpcSecured: RpcContender = {
  name: 'Troupe by CURVE',
  open: async () => (await import('./troupe.js')).troupeSecured,
}

export const grpc: RpcContender = {
  ...{ name: '@grpc/grpc-js', streams: true, idles: true },
  open: async () => (await import('./grpc.js')).grpcJs,
}

export const nats: RpcContender = {
  name: 'NATS request/reply',
  missing: natsServerMissing,
  open: async () => (await import('./nats.js')).nats,
}

export const moleculer: RpcContender = {
  name: 'moleculer over TCP',
  open: async () => (await import('./moleculer.js')).moleculer,
}

export const rawPacked: RpcContender = {
  ...{ name: 'raw zeromq, packed per turn, no validation', streams: true, idles: true },
  open: async () => (await import('./raw.js')).rawPacked,
}

export const rawSingle: RpcContender = {
  name: 'raw zeromq, a message a call, no validation',
  open: async () => (await import('./raw.js')).rawSingle,
}

const rpcContenders: readonly RpcContender[] = [troupeRpc, grpc, nats, moleculer, rawPacked, rawSingle]

/** Those that can run here. */
export const presentRpc = (): readonly RpcContender[] =>
  rpcContenders.filter(({ missing }) => missing?.() === undefined)

/** Says which cannot, for the text of a section; empty when all can. */
export const absentRpc = (): string =>
  rpcContenders.flatMap(({ name, missing }) => (missing?.() ? [` ${name} was left out: ${missing()}.`] : [])).join('')

/** @throws {Error} for a name that no contender has */
export function rpcNamed(name: string | undefined): RpcContender {
  const found = [...rpcContenders, troupeRpcSecured].find((one) => one.name === name)
  if (found === undefined) throw new Error(`no RPC "${name}"`)
  return found
}
