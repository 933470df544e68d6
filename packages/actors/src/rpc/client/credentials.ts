/**
 * Who a client is, and whom it connects to, as its certificates say at the time.
 */
import { Certificate, type CurveSecurity, InvalidOptionsError, openTrust, type Trust } from '@troupe/core'
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
  const certificate = typeof given === 'string' ? await Certificate.load(given) : given
  if (certificate !== undefined && certificate.secretKey === undefined) {
    throw wrong(what, 'certificate', 'has no secret key: its secret file is wanted, not the one that is given away')
  }
  const servers = (await (await openTrust(trust as Trust))?.all()) ?? []
  const [server] = servers
  if (server === undefined || servers.length > 1) {
    throw wrong(what, 'trust', `must be the one certificate of the servers, not ${servers.length}`)
  }
  return { certificate, server }
}

export function credentialsOf({ certificate, server }: LoadedSecurity): Credentials | undefined {
  if (certificate === undefined) return undefined
  const { publicKey } = certificate
  const keys = { client: publicKey, server: server.publicKey }
  return { publicKey, prove: (challenge) => proofOf(challenge, certificate, keys) }
}

const wrong = (what: string, path: string, message: string) =>
  new InvalidOptionsError(what, [{ path: `security.${path}`, message }])
