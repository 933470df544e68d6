import type { CertificateMetadata } from './certificate.js'

/** Who somebody is, who has proven to hold the secret of a key that is trusted. */
export interface Identity {
  /** Z85, 40 characters. */
  readonly publicKey: string
  /** What the certificate of the key says of it, where it is trusted, as `name` and `email`. Empty where anyone is. */
  readonly metadata: CertificateMetadata
}
