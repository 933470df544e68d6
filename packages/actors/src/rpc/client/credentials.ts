/**
 * Who a client is, and whom it connects to, as its certificates say at the time.
 */
import { type Certificate, type CurveSecurity, openTrust, ownCertificate, type Trust, theOneOf } from '@troupe/core'
import { type Challenge, proofOf } from '../identity.js'

/** What a client proves to a server. */
export interface Credentials {
  /** Z85. */
  readonly publicKey: string
  /** @throws {TroupeError} `INVALID_OPTIONS` for a key with which no secret can be shared */
  prove(challenge: Challenge): string
}

export interface LoadedSecurity {
  readonly certificate: Certificate | undefined
  /** That of the servers. */
  readonly server: Certificate
}

/**
 * Reads the certificates.
 * @throws {TroupeError} `CERTIFICATE_UNREADABLE`, `INVALID_OPTIONS`
 */
export async function loadSecurity(
  { certificate: given, trust }: CurveSecurity,
  what: string,
): Promise<LoadedSecurity> {
  const certificate = await ownCertificate(given, what)
  const servers = await (await openTrust(trust as Trust))?.all()
  return { certificate, server: theOneOf(servers, what, 'the servers') }
}

export function credentialsOf({ certificate, server }: LoadedSecurity): Credentials | undefined {
  if (certificate === undefined) return undefined
  const { publicKey } = certificate
  const keys = { client: publicKey, server: server.publicKey }
  return { publicKey, prove: (challenge) => proofOf(challenge, certificate, keys) }
}
