/**
 * Who a farm is, and which workers it trusts.
 */
import {
  Certificate,
  type CertificateStore,
  type CurveSecurity,
  type Identity,
  type Logger,
  openTrust,
  ZMQAuthenticator,
} from '@troupe/core'

export class FarmSecurity {
  readonly #certificate: Certificate
  readonly #trust: CurveSecurity['trust']
  readonly #store: CertificateStore | ZMQAuthenticator

  /** @throws {CertificateError} `CERTIFICATE_UNREADABLE` */
  static async open({ certificate, trust }: CurveSecurity, log: Logger): Promise<FarmSecurity> {
    const own = typeof certificate === 'string' ? await Certificate.load(certificate) : certificate!
    if (trust instanceof ZMQAuthenticator) return new FarmSecurity(own, trust, trust)
    // Anyone's is not an option of farms.
    const store = (await openTrust(trust, log))!
    return new FarmSecurity(own, store, store)
  }

  private constructor(
    certificate: Certificate,
    trust: CurveSecurity['trust'],
    store: CertificateStore | ZMQAuthenticator,
  ) {
    this.#certificate = certificate
    this.#trust = trust
    this.#store = store
  }

  /** Of where it listens. */
  get listening(): CurveSecurity {
    return { certificate: this.#certificate, trust: this.#trust }
  }

  /** To dial whoever has a key, and nobody else. */
  dialling(publicKey: string): CurveSecurity {
    return { certificate: this.#certificate, trust: Certificate.fromKeys({ publicKey }) }
  }

  /** Who has a key, if it is trusted. */
  async identify(publicKey: string): Promise<Identity | undefined> {
    const certificate = await this.#store.find(publicKey)
    return certificate && { publicKey, metadata: certificate.metadata }
  }
}
