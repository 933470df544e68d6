/**
 * What a socket does about its security.
 */
import { ClosedError, type InvalidOptionsError } from '../errors.js'
import type { Logger } from '../log.js'
import { type Place, ZMQAuthenticator } from './authenticator.js'
import { Certificate } from './certificate.js'
import { type OwnCertificate, ownCertificate, theOneOf, wrongSecurity } from './read-security.js'
import type { CheckedSecurity } from './security.options.js'
import { openTrust } from './trust.js'
import { answerFor, newDomain } from './zap-handler.js'

/** What is checked, or what has a socket without `security` that limits how many connect. */
type Checked = CheckedSecurity | typeof UNSECURED

/** libzmq's options of security, by zeromq.js's names. Each counts for what is bound and connected after. */
export interface SecurableSocket {
  curveServer: boolean
  curvePublicKey: string | null
  curveSecretKey: string | null
  curveServerKey: string | null
  plainServer: boolean
  plainUsername: string | null
  plainPassword: string | null
  zapDomain: string | null
  zapEnforceDomain: boolean
}

/** What a socket without `security` has that limits how many connect: all may who are not too many. */
export const UNSECURED = { mechanism: 'null', trust: undefined } as const

/** Where there is a place for each who may connect. */
export interface Places {
  /** Somebody asks; what is returned resolves with whether there is one for him. */
  ask(): () => Promise<Place>
}

/** What one socket does about its security. */
export class SocketSecurity {
  readonly #options: Checked
  readonly #what: string
  readonly #log: Logger
  readonly #places: Places | undefined
  #own: OwnCertificate | undefined
  /** Those that are trusted; undefined for anyone. */
  #servers: readonly Certificate[] | undefined
  #guard: ZMQAuthenticator | undefined
  #domain: { readonly name: string; readonly leave: () => void } | undefined
  #denied = 0
  #isClosed = false

  /** @param places undefined where it does not matter how many connect */
  constructor(options: Checked, what: string, log: Logger, places: Places | undefined) {
    this.#options = options
    this.#what = `the ${what}`
    this.#log = log
    this.#places = places
  }

  /** Whether what is sent is encrypted. */
  get isEncrypted(): boolean {
    return !('mechanism' in this.#options)
  }

  /** How many connections it has refused. */
  get denied(): number {
    return this.#denied
  }

  /**
   * Reads the certificates.
   * @throws {CertificateError} `CERTIFICATE_UNREADABLE`
   * @throws {InvalidOptionsError} `INVALID_OPTIONS` for a certificate without its secret key
   */
  async open(): Promise<void> {
    if ('mechanism' in this.#options) return
    const { certificate: given, trust } = this.#options
    this.#own = await ownCertificate(given, this.#what)
    if (trust instanceof ZMQAuthenticator) this.#servers = []
    else this.#servers = await (await openTrust(trust, this.#log))?.all()
  }

  /**
   * Has its authenticator ready, before {@link asServer}.
   * @throws {InvalidOptionsError} `INVALID_OPTIONS` for options of who connects
   * @throws {TroupeError} `SOCKET_FAILED` when this process cannot authenticate; `CLOSED`
   */
  async guard(): Promise<void> {
    const options = this.#options
    if ('username' in options)
      throw this.#wrong('username', 'is for the end that connects: who binds has `trust: authenticator`')
    if (!('mechanism' in options) && this.#own === undefined) {
      throw this.#wrong('certificate', 'is wanted of who binds: those that connect must know its key')
    }
    const { trust } = options
    // Closed meanwhile: nobody would close what is opened now.
    this.#assertOpen()
    this.#guard ??= trust instanceof ZMQAuthenticator ? trust : new ZMQAuthenticator({ curve: trust, log: this.#log })
    const guard = this.#guard
    await guard.ready()
    this.#assertOpen()
    // A domain of its own: ZAP does not say which socket is asked for.
    this.#domain ??= this.#answer(guard)
  }

  /** Makes what is bound next the end that asks who comes. */
  asServer(raw: SecurableSocket): void {
    const options = this.#options
    if ('mechanism' in options) raw.plainServer = options.mechanism === 'plain'
    else {
      raw.curveServer = true
      raw.curveSecretKey = this.#own!.secretKey
    }
    raw.zapDomain = this.#domain!.name
    raw.zapEnforceDomain = true
  }

  /** Makes what is connected next the end that is asked. @throws {InvalidOptionsError} `INVALID_OPTIONS` */
  asClient(raw: SecurableSocket): void {
    const options = this.#options
    if ('username' in options) {
      raw.plainUsername = options.username
      raw.plainPassword = options.password
    } else if ('mechanism' in options) {
      if (options.mechanism === 'plain') throw this.#wrong('username', 'and password are wanted of who connects')
      raw.plainServer = false
    } else {
      const server = theOneOf(this.#servers, this.#what, 'whom it connects to')
      this.#own ??= Certificate.generate() as OwnCertificate
      raw.curvePublicKey = this.#own.publicKey
      raw.curveSecretKey = this.#own.secretKey
      raw.curveServerKey = server.publicKey
    }
  }

  /** After the socket is closed. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#domain?.leave()
    const { trust } = this.#options as { trust?: unknown }
    if (this.#guard !== trust) await this.#guard?.close()
  }

  #answer(guard: ZMQAuthenticator): { name: string; leave: () => void } {
    const name = newDomain()
    const leave = answerFor(name, {
      judge: async (request) => {
        const reply = await guard.judge(request, this.#places?.ask())
        if (reply.status !== 200) this.#denied++
        return reply
      },
      malformed: (why) => {
        this.#denied++
        guard.malformed(why)
      },
    })
    return { name, leave }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new ClosedError(this.#what)
  }

  #wrong(path: string, message: string): InvalidOptionsError {
    return wrongSecurity(this.#what, path, message)
  }
}
