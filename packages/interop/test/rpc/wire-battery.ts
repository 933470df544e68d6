/**
 * What the tests of the wire of RPC have in common: they are skipped where there is no Python for them.
 */

import { required } from '@troupe/testing/python-with'
import { describe } from 'vitest'
import { LineProgram } from './line-program.js'
import { ENCODINGS, type Encoding, missing, type Peer, script } from './peers.js'

/** Some cases wait for silences of seconds, and several batteries run at once. */
export const timeout = 60_000

export interface Case {
  readonly title: string
  readonly ok: boolean
  readonly why: string | null
}

/** Declares facts once for each of these peers and each encoding. */
export function describeWire(peers: readonly Peer[], facts: (peer: Peer, encoding: Encoding) => void): void {
  describePeers(peers, (peer) => {
    for (const encoding of ENCODINGS) facts(peer, encoding)
  })
}

/** Declares facts once for each of these peers. They run at once: most of their time they wait. */
export function describePeers(peers: readonly Peer[], facts: (peer: Peer) => void): void {
  const skipped = missing !== undefined && !required
  for (const peer of peers) {
    describe.skipIf(skipped).concurrent(`${peer.name}${skipped ? ` (${missing})` : ''}`, () => {
      if (missing !== undefined && required) throw new Error(missing)
      facts(peer)
    })
  }
}

/** Starts a server of the conformance contract, and gives it with its endpoint. */
export async function startServer(peer: Peer): Promise<{ server: LineProgram; endpoint: string }> {
  const server = new LineProgram([...peer.command, 'tcp://127.0.0.1:*'])
  const { endpoint } = (await server.next()) as { endpoint: string }
  return { server, endpoint }
}

/** All cases of one script, as it has played them. */
export async function played(name: string, args: readonly string[]): Promise<Case[]> {
  await using battery = new LineProgram([...script(name), ...args])
  return (await battery.all()) as Case[]
}
