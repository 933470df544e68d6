/**
 * Who listens, and whom it trusts, read once: what its sockets are given is the very same that is looked into for who somebody is.
 */
import type { Logger } from '../log.js'
import { ZMQAuthenticator } from './authenticator.js'
import { Certificate } from './certificate.js'
import type { CertificateStore } from './certificate-store.js'
import type { Identity } from './identity.js'
import { type OwnCertificate, ownCertificate, wrongSecurity } from './read-security.js'
import type { CurveSecurity } from './security.options.js'
import { ANYONE, openTrust } from './trust.js'

type Trusted = CertificateStore | ZMQAuthenticator | typeof ANYONE

export class Keyring {
  readonly certificate: OwnCertificate
  readonly #trusted: Trusted

  /**
   * @param what says in errors whose it is
   * @throws {CertificateError} `CERTIFICATE_UNREADABLE`
   * @throws {InvalidOptionsError} `INVALID_OPTIONS` without a certificate with its secret key
   */
  static async open({ certificate, trust }: CurveSecurity, what: string, log: Logger): Promise<Keyring> {
    const own = await ownCertificate(certificate, what)
    if (own === undefined) {
      throw wrongSecurity(what, 'certificate', 'is wanted of who listens: those that connect must know its key')
    }
    return new Keyring(own, trust instanceof ZMQAuthenticator ? trust : ((await openTrust(trust, log)) ?? ANYONE))
  }

  private constructor(certificate: OwnCertificate, trusted: Trusted) {
    this.certificate = certificate
    this.#trusted = trusted
  }

  /** Of a socket that listens. */
  get listening(): CurveSecurity {
    return { certificate: this.certificate, trust: this.#trusted }
  }

  /** Of a socket that dials whoever has a key, and nobody else. */
  dialling(publicKey: string): CurveSecurity {
    return { certificate: this.certificate, trust: Certificate.fromKeys({ publicKey }) }
  }

  /** Who has a key, if it is trusted, as of now. That somebody has it is not asked here. */
  async identify(publicKey: string): Promise<Identity | undefined> {
    if (this.#trusted === ANYONE) return identityOf(publicKey, {})
    const certificate = await this.#trusted.find(publicKey)
    return certificate && identityOf(publicKey, certificate.metadata)
  }
}

const identityOf = (publicKey: string, metadata: Identity['metadata']): Identity =>
  Object.freeze({ publicKey, metadata: Object.freeze({ ...metadata }) })
