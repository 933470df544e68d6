/**
 * Decides who may connect to the sockets that are given it (czmq's zauth, RFC 27).
 */
import { z } from 'zod'
import { systemClock } from '../clock.js'
import { Lifecycle, type LifecycleState } from '../lifecycle/lifecycle.js'
import { type Logger, resolveLog } from '../log.js'
import { parseOptions } from '../options.js'
import { PacedWarnings } from '../paced-warnings.js'
import { AddressRules } from './address-rules.js'
import { Certificate, type CertificateMetadata } from './certificate.js'
import type { CertificateStore } from './certificate-store.js'
import { keyBytes } from './keys.js'
import { Passwords } from './passwords.js'
import { openTrust, Trust } from './trust.js'
import type { Credentials, ZapReply, ZapRequest } from './zap.js'
import { answerFor } from './zap-handler.js'

const addresses = z.array(z.string()).min(1, 'must name somebody: leave it out for no such list').optional()

export const AuthenticatorOptions = z.strictObject({
  /** A ZAP domain (RFC 27) by which sockets of other libraries in this process may ask it. One to a process. Default: ours alone ask. */
  domain: z.string().min(1).max(255).optional(),
  /** IP addresses and subnets that alone may connect; `deny` counts no more then. `localhost` stands for ipc. Default: all. */
  allow: addresses,
  /** IP addresses and subnets that may not connect. Default: none. */
  deny: addresses,
  /** The users of PLAIN: passwords by name, or the path of czmq's file of `name = password` lines, which may change. Default: PLAIN is refused. */
  plain: z.union([z.string().min(1), z.record(z.string(), z.string())]).optional(),
  /** Whose keys may connect by CURVE: certificates, a store, the path of a folder or file, or `anyone`. Default: CURVE is refused. */
  curve: Trust.optional(),
  /** Logs every decision with its reason at level `info`, not only what is refused. Passwords are never logged. Default false. */
  verbose: z.boolean().default(false),
  /** Where it logs. Default: silent, or stderr at the level that TROUPE_LOG names. */
  log: z
    .custom<Logger>((value) => typeof (value as Logger | null)?.child === 'function', 'must be a pino logger')
    .optional(),
})
export type AuthenticatorOptions = z.input<typeof AuthenticatorOptions>

/** Why somebody was refused: by address, by what it showed of itself, because there were too many, or because ZAP was broken. */
export type DenialReason = 'address' | 'credentials' | 'limit' | 'malformed'

export interface AuthenticatorStats {
  readonly allowed: number
  readonly denied: Readonly<Record<DenialReason, number>>
}

/** What a socket has for one more who may connect. */
export interface Place {
  /** Why there is none. */
  readonly refusal?: string
  /** It was not free at once. */
  readonly hasWaited?: boolean
}

type Verdict =
  | { readonly ok: true; readonly userId: string; readonly metadata?: CertificateMetadata }
  | { readonly ok: false; readonly reason: DenialReason; readonly why: string; readonly isTemporary?: boolean }

/**
 * An authenticator answers libzmq's questions about who connects to a socket that has it as `security.trust`. As czmq's: without rules NULL is
 * allowed and PLAIN and CURVE are refused; who is allowed by address must still authenticate. It is asked once for each connection, so what
 * changes counts for those that connect from then on. Dispose of it after its sockets: from then on nobody can connect to them. One with a `domain`
 * keeps its process alive until it is disposed of.
 * @example
 * await using guard = new ZMQAuthenticator({ deny: ['10.0.0.66'], curve: 'trusted', verbose: true })
 * await using rep = new ZMQReply('tcp://*:5555', { security: { certificate, trust: guard } })
 */
export class ZMQAuthenticator implements AsyncDisposable {
  /** Undefined where only our sockets ask it. */
  readonly domain: string | undefined
  readonly #options: z.output<typeof AuthenticatorOptions>
  readonly #rules = new AddressRules()
  readonly #lifecycle: Lifecycle
  readonly #log: Logger
  readonly #denied: Record<DenialReason, number> = { address: 0, credentials: 0, limit: 0, malformed: 0 }
  #allowed = 0
  readonly #passwords: Passwords | undefined
  #store: CertificateStore | undefined
  readonly #warnings: PacedWarnings

  /** @throws {InvalidOptionsError} `INVALID_OPTIONS` */
  constructor(options: AuthenticatorOptions = {}) {
    this.#options = parseOptions(AuthenticatorOptions, options, 'an authenticator')
    const { allow, deny, domain, log, plain } = this.#options
    this.domain = domain
    this.#log = resolveLog(log)
    this.#warnings = new PacedWarnings(systemClock, this.#log)
    this.#passwords = plain === undefined ? undefined : new Passwords(plain)
    this.#rules.allow(allow ?? [])
    this.#rules.deny(deny ?? [])
    let leave: (() => void) | undefined
    this.#lifecycle = new Lifecycle({
      what: 'the authenticator',
      id: 'authenticator',
      open: async () => {
        const { curve } = this.#options
        this.#store = curve === undefined ? undefined : await openTrust(curve, this.#log)
        if (domain !== undefined) leave = answerFor(domain, this)
      },
      close: async () => leave?.(),
    })
    this.#lifecycle.start().catch(() => undefined)
  }

  get state(): LifecycleState {
    return this.#lifecycle.state
  }

  get stats(): AuthenticatorStats {
    return { allowed: this.#allowed, denied: { ...this.#denied } }
  }

  /**
   * Resolves when it answers.
   * @throws {CertificateError} `CERTIFICATE_UNREADABLE`
   * @throws {TroupeError} `SOCKET_FAILED` when its domain is taken or another thread authenticates for this process; `CLOSED`
   */
  async ready(): Promise<void> {
    await this.#lifecycle.running()
  }

  /** Lets only these addresses and subnets connect from now on, and those allowed before. @throws {InvalidOptionsError} `INVALID_OPTIONS` */
  allow(...addresses: readonly string[]): void {
    this.#rules.allow(addresses)
  }

  /** Refuses these addresses and subnets from now on. @throws {InvalidOptionsError} `INVALID_OPTIONS` */
  deny(...addresses: readonly string[]): void {
    this.#rules.deny(addresses)
  }

  /** Answers no more: who connects to its sockets from then on is refused. Idempotent. */
  async close(): Promise<void> {
    await this.#lifecycle.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /**
   * The certificate of a public key (Z85) that may connect by CURVE, as of now; of a key that nothing else is known of, where anyone's is
   * trusted. Undefined for any other.
   */
  async find(publicKey: string): Promise<Certificate | undefined> {
    if (this.state !== 'running' || this.#options.curve === undefined || keyBytes(publicKey) === undefined)
      return undefined
    return this.#store === undefined ? Certificate.fromKeys({ publicKey }) : this.#store.find(publicKey)
  }

  /** For the sockets that have it: who may connect has his answer when the socket has a place for him. */
  async judge(request: ZapRequest, place?: () => Promise<Place>): Promise<ZapReply> {
    const verdict = await this.#verdict(request, place)
    const { address, credentials } = request
    const facts = { ...this.#named, address, mechanism: credentials.mechanism, ...shown(credentials) }
    if (verdict.ok) {
      this.#allowed++
      if (this.#options.verbose) this.#log.info(facts, 'a peer may connect')
      return { status: 200, text: 'OK', userId: verdict.userId, metadata: verdict.metadata ?? {} }
    }
    this.#refused(verdict.reason, { ...facts, why: verdict.why })
    return { status: verdict.isTemporary ? 300 : 400, text: verdict.why }
  }

  get #named(): object {
    return this.domain === undefined ? {} : { domain: this.domain }
  }

  /** What was asked for its domain and was no request. */
  malformed(why: string): void {
    this.#refused('malformed', { ...this.#named, why })
  }

  async #verdict(request: ZapRequest, place?: () => Promise<Place>): Promise<Verdict> {
    const verdict = await this.#known(request)
    if (!verdict.ok || place === undefined) return verdict
    const { refusal, hasWaited } = await place()
    if (refusal !== undefined) return { ok: false, reason: 'limit', why: refusal, isTemporary: true }
    // It may not be trusted any more.
    return hasWaited === true ? this.#known(request) : verdict
  }

  async #known({ address, credentials }: ZapRequest): Promise<Verdict> {
    if (this.state !== 'running') return { ok: false, reason: 'credentials', why: 'the authenticator is closed' }
    const against = this.#rules.against(address)
    if (against !== undefined) return { ok: false, reason: 'address', why: against }
    return this.#shows(credentials)
  }

  async #shows(credentials: Credentials): Promise<Verdict> {
    const refuse = (why: string): Verdict => ({ ok: false, reason: 'credentials', why })
    if (credentials.mechanism === 'NULL') return { ok: true, userId: '' }
    if (credentials.mechanism === 'PLAIN') {
      if (this.#passwords === undefined) return refuse('PLAIN is not offered')
      try {
        const { username, password } = credentials
        return (await this.#passwords.know(username, password))
          ? { ok: true, userId: username }
          : refuse('its name or password is wrong')
      } catch (error) {
        return refuse(`the passwords cannot be read: ${(error as Error).message}`)
      }
    }
    const { publicKey } = credentials
    if (this.#options.curve === undefined) return refuse('CURVE is not offered')
    const certificate = await this.find(publicKey)
    if (certificate === undefined) return refuse('its key is not trusted')
    return { ok: true, userId: publicKey, metadata: certificate.metadata }
  }

  /** Counted each, and logged so that a flood of them does not fill the disk. */
  #refused(reason: DenialReason, facts: object): void {
    this.#denied[reason]++
    this.#warnings.warn(facts, 'a peer may not connect', { all: this.#options.verbose })
  }
}

/** What may be logged of credentials. */
function shown(credentials: Credentials): object {
  if (credentials.mechanism === 'PLAIN') return { username: credentials.username }
  return credentials.mechanism === 'CURVE' ? { publicKey: credentials.publicKey } : {}
}
