import { TroupeError } from '../errors.js'
import { keyBytes } from './keys.js'

/** A certificate's file, or a folder of them, is missing, cannot be read as one, or others can read its secret. */
export class CertificateError extends TroupeError {
  override readonly name = 'CertificateError'
  readonly path: string

  constructor(path: string, why: string, cause?: unknown) {
    super(
      'CERTIFICATE_UNREADABLE',
      `the certificate ${path} cannot be used: ${why}`,
      cause === undefined ? {} : { cause },
    )
    this.path = path
  }
}

/** There is nothing at a path; who gave a key for one is told, without it: it may be the secret one. */
export function nothingAt(path: string, wanted: string): CertificateError {
  if (keyBytes(path) === undefined) return new CertificateError(path, `there is no such ${wanted}`)
  const why = 'that is a key: give a Certificate (Certificate.fromKeys({ publicKey })) or the path of its file'
  return new CertificateError(`${path.slice(0, 4)}...`, why)
}
