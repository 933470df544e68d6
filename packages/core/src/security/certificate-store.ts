/**
 * The certificates that are trusted (czmq's zcertstore): those of a folder, looked at again whenever one is asked for.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Logger, resolveLog } from '../log.js'
import { systemReason } from '../system-reason.js'
import { Certificate } from './certificate.js'
import { CertificateError } from './certificate-error.js'
import { SharedReading } from './shared-reading.js'

/** A file that was changed so shortly before it was read may change again within the same tick of the file system's clock. */
const SETTLED_MS = 2_000
/** How many files are read at once: more would be open than a process may have. */
const FILES_AT_ONCE = 32

type Certificates = ReadonlyMap<string, Certificate>

/** What a file was when it was read. */
interface Seen {
  readonly mark: string
  readonly isSettled: boolean
  readonly certificate: Certificate | undefined
}

/**
 * Certificates by public key. Of a folder: all files in it, links to files too, but those whose names end in `_secret` or `.new` or begin with a
 * dot; one that is added counts, and one that is removed or changed no more, from the next question on. A file that is no certificate is logged
 * and left out.
 *
 * Who asks waits for a reading of the folder that began after; those that wait share it.
 * @example
 * const store = await CertificateStore.open('trusted')
 * await store.find(key) // its certificate, or undefined
 */
export class CertificateStore {
  readonly #log: Logger
  readonly #certificates: () => Promise<Certificates>
  #seen: ReadonlyMap<string, Seen> = new Map()
  #isUnreadable = false

  private constructor(of: string | readonly Certificate[], log: Logger) {
    this.#log = log
    if (typeof of === 'string') {
      const folder = new SharedReading(() => this.#read(of))
      this.#certificates = () => folder.get()
    } else {
      const given = new Map(of.map((certificate) => [certificate.publicKey, certificate.publicOnly()]))
      this.#certificates = async () => given
    }
  }

  /** @throws {CertificateError} `CERTIFICATE_UNREADABLE` when the folder cannot be read */
  static async open(folder: string, options: { log?: Logger } = {}): Promise<CertificateStore> {
    const store = new CertificateStore(folder, resolveLog(options.log))
    await store.all()
    return store
  }

  /** Of these, and no others. */
  static of(...certificates: readonly Certificate[]): CertificateStore {
    return new CertificateStore(certificates, resolveLog())
  }

  /**
   * The certificate with a public key (Z85), or undefined. A folder that cannot be read any more has none: that is logged.
   */
  async find(publicKey: string): Promise<Certificate | undefined> {
    try {
      const certificates = await this.#certificates()
      this.#isUnreadable = false
      return certificates.get(publicKey)
    } catch (error) {
      // Strangers may ask as often as they like: said once, until it can be read again.
      if (!this.#isUnreadable) this.#log.error({ err: error }, 'the certificates cannot be read: nobody is trusted')
      this.#isUnreadable = true
      return undefined
    }
  }

  /** All of them. @throws {CertificateError} `CERTIFICATE_UNREADABLE` when the folder cannot be read */
  async all(): Promise<Certificate[]> {
    return [...(await this.#certificates()).values()]
  }

  async #read(folder: string): Promise<Certificates> {
    let names: string[]
    try {
      names = await readdir(folder)
    } catch (cause) {
      throw new CertificateError(folder, systemReason(cause), cause)
    }
    const before = this.#seen
    const seen = new Map<string, Seen>()
    // In the order of their names, so that it is known which of two with one key counts: the last.
    const left = names.filter(isCertificate).sort().values()
    const looking = Array.from({ length: FILES_AT_ONCE }, async () => {
      for (const name of left) {
        const file = await this.#look(join(folder, name), before.get(name))
        if (file !== undefined) seen.set(name, file)
      }
    })
    await Promise.all(looking)
    this.#seen = seen
    const certificates = new Map<string, Certificate>()
    for (const name of [...seen.keys()].sort()) {
      const certificate = seen.get(name)?.certificate
      if (certificate !== undefined) certificates.set(certificate.publicKey, certificate)
    }
    return certificates
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
      // What could not be read may be readable the next time, with nothing about the file changed.
      const isNone = error instanceof CertificateError && error.cause === undefined
      return { mark, isSettled: isSettled && isNone, certificate: undefined }
    }
  }
}

const isCertificate = (name: string): boolean =>
  !name.endsWith('_secret') && !name.endsWith('.new') && !name.startsWith('.')
