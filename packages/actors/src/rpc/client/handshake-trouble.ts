/**
 * Why a connection was not made, as its caller is told.
 */
import type { MonitorEvent } from '@troupe/core'
import { HELD_MS } from '../../actor/handshake-end.js'
import { wireError } from '../rpc-errors.js'
import type { WireError } from '../wire.js'
import type { LoadedSecurity } from './credentials.js'

/** What a handshake that failed says of the two ends; undefined where the connection was only lost, and for other events. */
export function handshakeTrouble(
  event: MonitorEvent,
  security: LoadedSecurity | undefined,
  tookMs: number,
): WireError | undefined {
  if (event.type !== 'handshake_failed') return undefined
  const { reason, error } = event
  if (reason === 'auth') return wireError('ACCESS_DENIED', deniedBy(error.status, security))
  if (reason === 'protocol') return wireError('ACCESS_DENIED', strangeTo(error.code, security))
  if (tookMs >= HELD_MS) return wireError('UNAVAILABLE', FULL, { retryable: true })
  // A server that cannot read what is encrypted for another closes the connection without a word.
  return security && wireError('SERVER_LOST', closedOn(security), { retryable: true })
}

const FULL = 'it did not let this client in for a while: it may have no place for more (maxConnections)'

function deniedBy(status: number | undefined, security: LoadedSecurity | undefined): string {
  const said = `it does not let this client in (ZAP status ${status ?? 'unknown'})`
  if (security === undefined) return `${said}: it wants \`security\`, or another address`
  if (security.certificate === undefined)
    return `${said}: give the client a certificate (security.certificate) that the service trusts`
  return `${said}: add the certificate with the key ${security.certificate.publicKey} to the store of the service (its security.trust)`
}

function strangeTo(code: string | undefined, security: LoadedSecurity | undefined): string {
  const why = `the two have different security (${code ?? 'no reason is told'})`
  return security === undefined
    ? `${why}: the server wants CURVE, so give this client \`security: { certificate, trust }\``
    : `${why}: the server does not have CURVE with the key ${security.server.publicKey}: give the service \`security\`, or take it from this client`
}

const closedOn = ({ server }: LoadedSecurity): string =>
  `it closed the connection during the handshake: its key may be another one than ${server.publicKey}, which this client trusts (security.trust)`
