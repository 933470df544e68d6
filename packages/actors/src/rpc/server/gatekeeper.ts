/**
 * Whom a secured service trusts, and whether a client is who it says that it is.
 */
import {
  Certificate,
  type CertificateStore,
  type CurveSecurity,
  type Identity,
  InvalidOptionsError,
  type Logger,
  openTrust,
  ZMQAuthenticator,
} from '@troupe/core'
import { type Challenge, isEqualProof, proofOf } from '../identity.js'

/** Checks what a client says of itself. */
export interface Gate {
  /** Who it is that has this proof of this key, or why it may not come in. Never rejects. */
  identify(publicKey: string, challenge: Challenge, proof: string): Promise<Identity | string>
}

const ANYONE = 'anyone'
type Trusted = CertificateStore | ZMQAuthenticator | typeof ANYONE

export class Gatekeeper implements Gate {
  readonly #given: CurveSecurity
  readonly #what: string
  readonly #log: Logger
  #certificate: Certificate | undefined
  #trusted: Trusted | undefined

  constructor(given: CurveSecurity, what: string, log: Logger) {
    this.#given = given
    this.#what = what
    this.#log = log
  }

  /**
   * Reads the certificates; resolves with what the socket is given, which are the very ones that are looked into here.
   * @throws {TroupeError} `CERTIFICATE_UNREADABLE`, `INVALID_OPTIONS` without a certificate with its secret key
   */
  async open(): Promise<CurveSecurity> {
    const { certificate, trust } = this.#given
    const mine = typeof certificate === 'string' ? await Certificate.load(certificate) : certificate
    if (mine?.secretKey === undefined) {
      const message = `${mine === undefined ? 'is wanted' : 'with its secret key is wanted'} of who listens: those that connect must know its key`
      throw new InvalidOptionsError(this.#what, [{ path: 'security.certificate', message }])
    }
    this.#certificate = mine
    this.#trusted = trust instanceof ZMQAuthenticator ? trust : ((await openTrust(trust, this.#log)) ?? ANYONE)
    return { certificate: mine, trust: this.#trusted }
  }

  async identify(publicKey: string, challenge: Challenge, proof: string): Promise<Identity | string> {
    try {
      const [mine, trusted] = [this.#certificate!, this.#trusted!]
      const keys = { client: publicKey, server: mine.publicKey }
      if (!isEqualProof(proof, proofOf(challenge, mine, keys))) return 'its proof of its key is wrong'
      if (trusted === ANYONE) return identityOf(publicKey, {})
      const certificate = await trusted.find(publicKey)
      return certificate === undefined ? 'its key is not trusted' : identityOf(publicKey, certificate.metadata)
    } catch {
      // A key of small order, or text that is none: nothing can be proven of it.
      return 'what it says is its key is none'
    }
  }
}

const identityOf = (publicKey: string, metadata: Identity['metadata']): Identity =>
  Object.freeze({ publicKey, metadata: Object.freeze({ ...metadata }) })
