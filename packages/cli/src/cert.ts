/**
 * The commands `troupe cert new` and `troupe cert show`: certificates for CURVE, in the files of czmq. No secret is ever written out.
 */
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Certificate, CertificateError, InvalidOptionsError, parseOptions } from '@troupe/core'
import { CertNewOptions, CertShowOptions } from './cert.options.js'
import { type Ending, endingOf, type Streams } from './ending.js'
import { Interrupt } from './interrupt.js'
import { jsonOf } from './json.js'
import { LineWriter } from './line-writer.js'
import { unlessStopped } from './unless-stopped.js'

const SECRET = '_secret'

/** What is shown of a certificate. */
interface Shown {
  readonly path: string
  readonly publicKey: string
  readonly metadata: Readonly<Record<string, string>>
  /** The file of its secret key, and who may read that. */
  readonly secret: { readonly path: string; readonly mode: string } | null
  /** Why it cannot be used as one's own. */
  readonly fault?: string
}

/**
 * Makes a certificate: `path` to give away, and beside it the secret file to keep. Writes its public key.
 * @throws {TroupeError} `INVALID_OPTIONS` also when it is there already, `OUTPUT_FAILED`
 */
export async function newCertificate(path: string, given: unknown, { stdout, stderr }: Streams): Promise<Ending> {
  const { name, email, meta, force } = parseOptions(CertNewOptions, given, 'troupe cert new')
  if (path.endsWith(SECRET))
    throw unfit(path, `ends in ${SECRET}, as the files of secret keys do, which are left out of folders`)
  const secretPath = `${path}${SECRET}`
  for (const file of force ? [] : [path, secretPath])
    if ((await statOf(file)) !== undefined) throw unfit(path, `${file} is there already; --force replaces it`)
  const certificate = Certificate.generate({ ...(name && { name }), ...(email && { email }), ...meta })
  await certificate.save(path)
  stderr.write(`troupe: ${path} is to give away, ${secretPath} to keep\n`)
  const interrupt = new Interrupt()
  try {
    const output = new LineWriter(stdout, (error) => interrupt.stop(error))
    void output.write(certificate.publicKey)
    await unlessStopped(output.flush(), interrupt.stopped)
    return endingOf(interrupt, 0)
  } finally {
    interrupt.close()
  }
}

/**
 * Writes what a certificate says, or each of a folder. One that is none, or whose secret cannot be used, counts as failed.
 * @throws {TroupeError} `CERTIFICATE_UNREADABLE` when there is nothing, `INVALID_OPTIONS`
 */
export async function showCertificates(path: string, given: unknown, { stdout, stderr }: Streams): Promise<Ending> {
  const { json } = parseOptions(CertShowOptions, given, 'troupe cert show')
  const interrupt = new Interrupt()
  let failed = 0
  try {
    const isFolder = (await statOf(path))?.isDirectory() === true
    const paths = isFolder ? await certificatesIn(path) : [path]
    const output = new LineWriter(stdout, (error) => interrupt.stop(error))
    for (const one of paths) {
      const shown = await shownOf(one).catch((error: unknown) => {
        if (!isFolder || !(error instanceof CertificateError)) throw error
        stderr.write(`troupe: ${error.message} (${error.code})\n`)
      })
      if (shown === undefined || shown.fault !== undefined) failed++
      if (shown !== undefined) for (const line of json ? [jsonOf(shown)] : linesOf(shown)) void output.write(line)
    }
    await unlessStopped(output.flush(), interrupt.stopped)
    return endingOf(interrupt, failed)
  } finally {
    interrupt.close()
  }
}

/** The files that a store of this folder takes for certificates. */
async function certificatesIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => !name.endsWith(SECRET) && !name.startsWith('.'))
  const found = await Promise.all(names.sort().map(async (name) => ({ name, file: await statOf(join(folder, name)) })))
  return found.filter(({ file }) => file?.isFile()).map(({ name }) => join(folder, name))
}

async function shownOf(path: string): Promise<Shown> {
  const { publicKey, metadata } = await Certificate.loadPublic(path)
  const secretPath = basename(path).endsWith(SECRET) ? path : `${path}${SECRET}`
  const file = await statOf(secretPath)
  if (file === undefined) return { path, publicKey, metadata, secret: null }
  const mode = (file.mode & 0o777).toString(8)
  const fault = await Certificate.load(path).then(
    (whole) => (whole.publicKey === publicKey ? undefined : `${secretPath} belongs to another key: ${whole.publicKey}`),
    (error: Error) => error.message,
  )
  return { path, publicKey, metadata, secret: { path: secretPath, mode }, ...(fault !== undefined && { fault }) }
}

function* linesOf({ path, publicKey, metadata, secret, fault }: Shown): Generator<string> {
  yield path
  yield `  public key  ${publicKey}`
  // What a certificate says is anybody's text: quoted, it cannot play tricks on a terminal.
  for (const [name, value] of Object.entries(metadata)) yield `  ${name.padEnd(10)}  ${JSON.stringify(value)}`
  yield `  secret      ${secret === null ? 'none' : `${secret.path}, mode ${secret.mode}`}`
  if (fault !== undefined) yield `  unusable    ${fault}`
}

const statOf = (path: string) => stat(path).catch(() => undefined)

const unfit = (path: string, message: string) => new InvalidOptionsError('troupe cert new', [{ path, message }])
