/**
 * What sockets, farms, services and clients read of their `security`, with the same errors everywhere.
 */
import { InvalidOptionsError } from '../errors.js'
import { Certificate } from './certificate.js'

/** One with its secret key. */
export type OwnCertificate = Certificate & { readonly secretKey: string }

/**
 * The certificate of this end, if one was given.
 * @throws {CertificateError} `CERTIFICATE_UNREADABLE`
 * @throws {InvalidOptionsError} `INVALID_OPTIONS` for one without its secret key
 */
export async function ownCertificate(
  given: Certificate | string | undefined,
  what: string,
): Promise<OwnCertificate | undefined> {
  const certificate = typeof given === 'string' ? await Certificate.load(given) : given
  return certificate && withSecret(certificate, what)
}

function withSecret(certificate: Certificate, what: string): OwnCertificate {
  if (certificate.secretKey !== undefined) return certificate as OwnCertificate
  throw wrongSecurity(
    what,
    'certificate',
    'has no secret key: its secret file is wanted, not the one that is given away',
  )
}

/**
 * The one certificate that who connects trusts.
 * @param found undefined where anyone is trusted
 * @throws {InvalidOptionsError} `INVALID_OPTIONS` for none, several, and anyone's
 */
export function theOneOf(found: readonly Certificate[] | undefined, what: string, whom: string): Certificate {
  const [one, ...more] = found ?? []
  if (one !== undefined && more.length === 0) return one
  throw wrongSecurity(what, 'trust', `must be the one certificate of ${whom}, not ${found?.length ?? 'anyone'}`)
}

export const wrongSecurity = (what: string, path: string, message: string): InvalidOptionsError =>
  new InvalidOptionsError(what, [{ path: `security.${path}`, message }])
