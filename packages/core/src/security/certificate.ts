/**
 * Certificates of CURVE in czmq's format (zcert): a pair of keys, or the public one alone, and metadata.
 */
import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { InvalidOptionsError, TroupeError } from '../errors.js'
import { systemReason } from '../system-reason.js'
import { CertificateError, nothingAt } from './certificate-error.js'
import { keyBytes, newKeys, publicKeyOf, sharedSecret } from './keys.js'
import { formatZpl, isZplValue, parseZpl, ZPL_NAME } from './zpl.js'

/** What a certificate says of who has it, as `{ name: 'worker of room 3', email: 'ops@example.org' }`. */
export type CertificateMetadata = Readonly<Record<string, string>>

/** The keys of a certificate, as Z85 text of 40 characters each. */
export interface CertificateKeys {
  readonly publicKey: string
  readonly secretKey?: string | undefined
}

/** One of the files of a certificate. */
interface CertificateFile {
  /** What stands after the path of the certificate. */
  readonly suffix: string
  readonly head: string
  readonly mode: number
  readonly secretKey?: string
}

const PUBLIC_FILE: CertificateFile = {
  suffix: '',
  mode: 0o644,
  head: `#   ZeroMQ CURVE Public Certificate
#   Exchange securely, or use a secure mechanism to verify the contents
#   of this file after exchange. Store public certificates in your home
#   directory, in the .curve subdirectory.
`,
}
const SECRET_FILE: CertificateFile = {
  suffix: '_secret',
  mode: 0o600,
  head: `#   ZeroMQ CURVE **Secret** Certificate
#   DO NOT PROVIDE THIS FILE TO OTHER USERS nor change its permissions.
`,
}

/** The file beside a public one in which czmq keeps the secret key. */
export const secretPathOf = (path: string): string => `${path}${SECRET_FILE.suffix}`

/**
 * A certificate. It does not change. What prints it shows its public key alone.
 * @example
 * const mine = Certificate.generate({ name: 'farm' })
 * await mine.save('farm.cert') // farm.cert to give away, farm.cert_secret to keep, mode 0600
 * const theirs = await Certificate.load('worker.cert')
 */
export class Certificate {
  /** Z85 (RFC 32), 40 characters. */
  readonly publicKey: string
  readonly metadata: CertificateMetadata
  readonly #secretKey: string | undefined

  private constructor({ publicKey, secretKey }: CertificateKeys, metadata: CertificateMetadata) {
    this.publicKey = publicKey
    this.metadata = Object.freeze({ ...metadata })
    this.#secretKey = secretKey
  }

  /**
   * A new pair of keys.
   * @throws {InvalidOptionsError} `INVALID_OPTIONS` for metadata that a file cannot hold
   */
  static generate(metadata: CertificateMetadata = {}): Certificate {
    return Certificate.fromKeys(newKeys(), metadata)
  }

  /**
   * Of keys that were kept elsewhere.
   * @throws {InvalidOptionsError} `INVALID_OPTIONS` for keys that are none or do not belong together, and for metadata that a file cannot hold
   */
  static fromKeys(keys: CertificateKeys, metadata: CertificateMetadata = {}): Certificate {
    const issues = [...wrongKeys(keys), ...wrongMetadata(metadata)]
    if (issues.length > 0) throw new InvalidOptionsError('a certificate', issues)
    return new Certificate(keys, metadata)
  }

  /**
   * Reads a certificate of czmq's, pyzmq's or ours: with its secret key where there is a secret file beside the public one, or `path` is one.
   * @throws {CertificateError} `CERTIFICATE_UNREADABLE` when it is missing, is none, or others can read its secret
   */
  static async load(path: string): Promise<Certificate> {
    const secret = await readSecret(secretPathOf(path))
    if (secret !== undefined) return read(secretPathOf(path), secret)
    return read(path, (await readSecret(path)) ?? noFile(path))
  }

  /**
   * As {@link load}, but of a public key alone, whatever stands beside it.
   * @throws {CertificateError} `CERTIFICATE_UNREADABLE`
   */
  static async loadPublic(path: string): Promise<Certificate> {
    const text = await readText(path)
    return read(path, text ?? noFile(path)).publicOnly()
  }

  /** Z85, 40 characters; undefined where there is the public key alone. */
  get secretKey(): string | undefined {
    return this.#secretKey
  }

  /** The same without its secret key: to be given away. */
  publicOnly(): Certificate {
    return new Certificate({ publicKey: this.publicKey }, this.metadata)
  }

  /**
   * Writes the public file, and beside it, with `_secret` after its name and readable by its owner alone (mode 0600), the secret one.
   * What is there is replaced as a whole; a link is, not what it leads to.
   * @throws {TroupeError} `OUTPUT_FAILED`
   */
  async save(path: string): Promise<void> {
    const secretKey = this.#secretKey
    if (secretKey !== undefined) await this.#write(path, { ...SECRET_FILE, secretKey })
    await this.savePublic(path)
  }

  /** @throws {TroupeError} `OUTPUT_FAILED` */
  async savePublic(path: string): Promise<void> {
    await this.#write(path, PUBLIC_FILE)
  }

  /**
   * 32 bytes that only the holders of the two certificates can know.
   * @throws {TroupeError} `INVALID_OPTIONS` without a secret key, and for a key with which others would know it too
   */
  sharedSecret(publicKey: string): Buffer {
    const [mine, theirs] = [keyBytes(this.#secretKey ?? ''), keyBytes(publicKey)]
    if (mine === undefined || theirs === undefined) {
      throw new TroupeError(
        'INVALID_OPTIONS',
        'a secret is shared between a certificate with a secret key and a public key',
      )
    }
    try {
      return sharedSecret(mine, theirs)
    } catch (cause) {
      throw new TroupeError('INVALID_OPTIONS', `no secret can be shared with the key ${publicKey}`, { cause })
    }
  }

  /** Its public key alone, whoever prints it. */
  toJSON(): { publicKey: string; metadata: CertificateMetadata } {
    return { publicKey: this.publicKey, metadata: this.metadata }
  }

  async #write(path: string, { suffix, head, mode, secretKey }: CertificateFile): Promise<void> {
    const curve: [string, string][] = [['public-key', this.publicKey]]
    if (secretKey !== undefined) curve.push(['secret-key', secretKey])
    const text = `${head}\n${formatZpl([
      ['metadata', Object.entries(this.metadata)],
      ['curve', curve],
    ])}`
    const file = `${path}${suffix}`
    // Beside it first: nobody ever sees half of one, nor a secret with the mode of what was there before.
    const beside = `${file}.${randomUUID()}.new`
    try {
      await writeFile(beside, text, { mode, flag: 'wx', flush: true })
      await rename(beside, file)
    } catch (cause) {
      await rm(beside, { force: true }).catch(() => undefined)
      const isNoFolder = (cause as NodeJS.ErrnoException).code === 'ENOENT'
      const why = isNoFolder ? `there is no folder ${dirname(path)}` : `${file}: ${systemReason(cause)}`
      throw new TroupeError('OUTPUT_FAILED', `the certificate ${path} cannot be written: ${why}`, { cause })
    }
  }
}

/** What a file says. */
function read(path: string, text: string): Certificate {
  const sections = parseZpl(text)
  const curve = sections.get('curve')
  const publicKey = curve?.get('public-key')
  if (publicKey === undefined) {
    return fail(path, 'it has no public-key in a section curve, as the files of czmq and of `troupe cert new` do')
  }
  const secretKey = curve?.get('secret-key')
  const [wrong] = wrongKeys({ publicKey, secretKey })
  if (wrong !== undefined) return fail(path, `its ${wrong.path} ${wrong.message}`)
  return Certificate.fromKeys({ publicKey, secretKey }, Object.fromEntries(sections.get('metadata') ?? []))
}

/** The text of a file that nobody else may read if it holds a secret; undefined where there is none. */
async function readSecret(path: string): Promise<string | undefined> {
  const text = await readText(path)
  if (text === undefined || process.platform === 'win32') return text
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0 && parseZpl(text).get('curve')?.has('secret-key')) {
    fail(path, `others can read its secret key (mode ${(mode & 0o777).toString(8)}): chmod 600 it`)
  }
  return text
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new CertificateError(path, systemReason(cause), cause)
  }
}

interface Issue {
  readonly path: string
  readonly message: string
}

function wrongKeys({ publicKey, secretKey }: CertificateKeys): Issue[] {
  const wanted = 'is not a key: Z85 of 32 bytes has 40 characters'
  if (typeof publicKey !== 'string' || keyBytes(publicKey) === undefined)
    return [{ path: 'publicKey', message: wanted }]
  if (secretKey === undefined) return []
  const secret = typeof secretKey === 'string' ? keyBytes(secretKey) : undefined
  if (secret === undefined) return [{ path: 'secretKey', message: wanted }]
  return publicKeyOf(secret) === publicKey
    ? []
    : [{ path: 'secretKey', message: 'does not belong to the public key beside it' }]
}

const wrongMetadata = (metadata: CertificateMetadata): Issue[] =>
  Object.entries(metadata).flatMap(([name, value]) =>
    ZPL_NAME.test(name) && typeof value === 'string' && isZplValue(value)
      ? []
      : [
          {
            path: name,
            message:
              'is not metadata that a file of czmq can hold: names of A-Za-z0-9$-_@.&+/, values on one line without both quotes',
          },
        ],
  )

function fail(path: string, why: string): never {
  throw new CertificateError(path, why)
}

function noFile(path: string): never {
  throw nothingAt(path, 'file')
}
