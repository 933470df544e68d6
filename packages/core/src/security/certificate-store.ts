/**
 * The certificates that are trusted (czmq's zcertstore): those of a folder, looked at again whenever one is asked for.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Logger, resolveLog } from '../log.js'
import { Certificate } from './certificate.js'
import { CertificateError } from './certificate-error.js'

/** A file that was changed so shortly before it was read may change again within the same tick of the file system's clock. */
const SETTLED_MS = 2_000

/** What a file was when it was read. */
interface Seen {
  readonly mark: string
  readonly isSettled: boolean
  readonly certificate: Certificate | undefined
}

/**
 * Certificates by public key. Of a folder: all files in it but those whose names end in `_secret` or begin with a dot; one that is added counts,
 * and one that is removed or changed no more, from the next question on. A file that is no certificate is logged and left out.
 *
 * Who asks waits for a reading of the folder that began after; those that wait share it.
 * @example
 * const store = await CertificateStore.open('trusted')
 * await store.find(key) // its certificate, or undefined
 */
export class CertificateStore {
  readonly #folder: string | undefined
  readonly #log: Logger
  #seen = new Map<string, Seen>()
  #certificates = new Map<string, Certificate>()
  #reading: Promise<void> | undefined
  #next: Promise<void> | undefined

  private constructor(folder: string | undefined, log: Logger, certificates: Iterable<Certificate> = []) {
    this.#folder = folder
    this.#log = log
    for (const certificate of certificates) this.#certificates.set(certificate.publicKey, certificate.publicOnly())
  }

  /** @throws {CertificateError} `CERTIFICATE_UNREADABLE` when the folder cannot be read */
  static async open(folder: string, options: { log?: Logger } = {}): Promise<CertificateStore> {
    const store = new CertificateStore(folder, resolveLog(options.log))
    await store.all()
    return store
  }

  /** Of these, and no others. */
  static of(...certificates: readonly Certificate[]): CertificateStore {
    return new CertificateStore(undefined, resolveLog(), certificates)
  }

  /**
   * The certificate with a public key (Z85), or undefined. A folder that cannot be read any more has none: that is logged.
   */
  async find(publicKey: string): Promise<Certificate | undefined> {
    try {
      await this.#fresh()
    } catch (error) {
      this.#log.error({ err: error }, 'the certificates cannot be read: nobody is trusted')
      return undefined
    }
    return this.#certificates.get(publicKey)
  }

  /** All of them. @throws {CertificateError} `CERTIFICATE_UNREADABLE` when the folder cannot be read */
  async all(): Promise<Certificate[]> {
    await this.#fresh()
    return [...this.#certificates.values()]
  }

  #fresh(): Promise<void> {
    const folder = this.#folder
    if (folder === undefined) return Promise.resolve()
    if (this.#reading === undefined) return this.#begin(folder)
    this.#next ??= this.#reading
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined
        return this.#begin(folder)
      })
    return this.#next
  }

  #begin(folder: string): Promise<void> {
    const reading = this.#read(folder).finally(() => {
      this.#reading = undefined
    })
    this.#reading = reading
    return reading
  }

  async #read(folder: string): Promise<void> {
    let names: string[]
    try {
      names = await readdir(folder)
    } catch (cause) {
      throw new CertificateError(folder, (cause as Error).message, cause)
    }
    const seen = new Map<string, Seen>()
    const isCertificate = (name: string) => !name.endsWith('_secret') && !name.startsWith('.') && !name.endsWith('.new')
    await Promise.all(
      names.filter(isCertificate).map(async (name) => {
        const file = await this.#look(join(folder, name), this.#seen.get(name))
        if (file !== undefined) seen.set(name, file)
      }),
    )
    this.#seen = seen
    this.#certificates = new Map()
    for (const { certificate } of seen.values()) {
      if (certificate !== undefined) this.#certificates.set(certificate.publicKey, certificate)
    }
  }

  async #look(path: string, before: Seen | undefined): Promise<Seen | undefined> {
    const nowMs = Date.now()
    const file = await stat(path, { bigint: true }).catch(() => undefined)
    if (!file?.isFile()) return undefined
    const mark = `${file.ino} ${file.size} ${file.mtimeNs} ${file.ctimeNs}`
    if (before?.isSettled && before.mark === mark) return before
    const isSettled = nowMs - Number(file.ctimeMs) > SETTLED_MS
    try {
      return { mark, isSettled, certificate: await Certificate.loadPublic(path) }
    } catch (error) {
      if (before?.mark !== mark) this.#log.warn({ err: error, path }, 'a file among the certificates is none')
      return { mark, isSettled, certificate: undefined }
    }
  }
}
