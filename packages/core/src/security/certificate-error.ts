import { TroupeError } from '../errors.js'

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
