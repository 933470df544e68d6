/**
 * Whom a secured service trusts, and whether a client is who it says that it is.
 */
import { type CurveSecurity, type Identity, Keyring, type Logger } from '@troupe/core'
import { type Challenge, isEqualProof, proofOf } from '../identity.js'

/** Checks what a client says of itself. */
export interface Gate {
  /** Who it is that has this proof of this key, or why it may not come in. Never rejects. */
  identify(publicKey: string, challenge: Challenge, proof: string): Promise<Identity | string>
}

export class Gatekeeper implements Gate {
  readonly #given: CurveSecurity
  readonly #what: string
  readonly #log: Logger
  #keyring: Keyring | undefined

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
    this.#keyring = await Keyring.open(this.#given, this.#what, this.#log)
    return this.#keyring.listening
  }

  async identify(publicKey: string, challenge: Challenge, proof: string): Promise<Identity | string> {
    try {
      const { certificate: mine } = this.#keyring!
      const keys = { client: publicKey, server: mine.publicKey }
      if (!isEqualProof(proof, proofOf(challenge, mine, keys))) return 'its proof of its key is wrong'
      return (await this.#keyring!.identify(publicKey)) ?? 'its key is not trusted'
    } catch {
      // A key of small order, or text that is none: nothing can be proven of it.
      return 'what it says is its key is none'
    }
  }
}
