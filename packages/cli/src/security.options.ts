/**
 * The options `--cert` and `--trust`, which are the same for all commands that serve or connect.
 */
import { Certificate, type CurveSecurity, InvalidOptionsError, openTrust } from '@troupe/core'
import { z } from 'zod'

const path = z.string().min(1)

export const SecurityShape = {
  /** The file of its own certificate. */
  cert: path.exactOptional(),
  /** The file or folder of those that it trusts. */
  trust: path.exactOptional(),
}

interface Given {
  readonly cert?: string | undefined
  readonly trust?: string | undefined
}

/**
 * What the two say of security; nothing where neither is given. Who connects may have no certificate.
 * @throws {InvalidOptionsError} `INVALID_OPTIONS` for one without the other
 */
export function securityOf({ cert, trust }: Given, what: string, end: 'listens' | 'connects'): Secured {
  if (cert === undefined && trust === undefined) return {}
  if (trust === undefined) throw wrong(what, 'trust', 'is wanted with --cert: whose keys are trusted')
  if (cert === undefined && end === 'listens')
    throw wrong(what, 'cert', 'is wanted with --trust: who connects must know its key')
  return { security: { trust, ...(cert !== undefined && { certificate: cert }) } }
}

/**
 * The same, once the files are known to be there and to be what they should: a fault of this end is told before anybody is asked.
 * @throws {InvalidOptionsError} `INVALID_OPTIONS` also for a certificate without its secret, and for other than one server
 * @throws {CertificateError} `CERTIFICATE_UNREADABLE`
 */
export async function readableSecurityOf(given: Given, what: string, end: 'listens' | 'connects'): Promise<Secured> {
  const secured = securityOf(given, what, end)
  const { cert, trust } = given
  if (cert !== undefined && (await Certificate.load(cert)).secretKey === undefined)
    throw wrong(what, 'cert', `has no secret key: ${cert}_secret is wanted beside ${cert}`)
  if (trust === undefined) return secured
  const trusted = await (await openTrust(trust))?.all()
  if (end === 'connects' && trusted?.length !== 1)
    throw wrong(what, 'trust', `must be the one certificate of the server, not ${trusted?.length ?? 'anyone'}`)
  return secured
}

export interface Secured {
  readonly security?: CurveSecurity
}

const wrong = (what: string, option: string, message: string) =>
  new InvalidOptionsError(what, [{ path: option, message }])
