import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, promisify } from 'node:util'
import { Certificate, CertificateStore, type Logger, openTrust } from '@troupe/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-test-'))
})
afterAll(() => rm(folder, { recursive: true }))
let last = 0
const newPath = () => join(folder, `certificate-${++last}`)

describe('a certificate', () => {
  it('is written as czmq writes it: a public file, and a secret one that its owner alone can read', async () => {
    const path = newPath()
    const certificate = Certificate.generate({ name: 'Pieter', email: 'ph@example.org' })
    await certificate.save(path)
    expect(await readFile(path, 'utf8')).toBe(`#   ZeroMQ CURVE Public Certificate
#   Exchange securely, or use a secure mechanism to verify the contents
#   of this file after exchange. Store public certificates in your home
#   directory, in the .curve subdirectory.

metadata
    name = "Pieter"
    email = "ph@example.org"
curve
    public-key = "${certificate.publicKey}"
`)
    expect(await readFile(`${path}_secret`, 'utf8')).toContain(`    secret-key = "${certificate.secretKey}"\n`)
    expect((await stat(`${path}_secret`)).mode & 0o777).toBe(0o600)
    expect(await Certificate.load(path)).toEqual(certificate)
    expect((await Certificate.load(path)).secretKey).toBe(certificate.secretKey)
    expect((await Certificate.load(`${path}_secret`)).secretKey).toBe(certificate.secretKey)
  })

  it('replaces what is there, secret files of a wrong mode too', async () => {
    const path = newPath()
    await writeFile(`${path}_secret`, 'old', { mode: 0o644 })
    const certificate = Certificate.generate()
    await certificate.save(path)
    expect((await stat(`${path}_secret`)).mode & 0o777).toBe(0o600)
    expect((await Certificate.load(path)).secretKey).toBe(certificate.secretKey)
  })

  it('is whole, and nothing is left beside it, when many write it at once', async () => {
    const path = join(await mkdtemp(join(folder, 'many-')), 'x')
    const certificates = Array.from({ length: 20 }, () => Certificate.generate())
    await Promise.all(certificates.map((certificate) => certificate.save(path)))
    const { publicKey, secretKey } = await Certificate.load(path)
    expect(certificates.map((one) => [one.publicKey, one.secretKey])).toContainEqual([publicKey, secretKey])
    expect((await readdir(join(path, '..'))).sort()).toEqual(['x', 'x_secret'])
  })

  it('replaces a link, and not what it leads to', async () => {
    const [path, other] = [newPath(), newPath()]
    await writeFile(other, 'of somebody else', { mode: 0o644 })
    await symlink(other, `${path}_secret`)
    const certificate = Certificate.generate()
    await certificate.save(path)
    expect(await readFile(other, 'utf8')).toBe('of somebody else')
    expect((await Certificate.load(path)).secretKey).toBe(certificate.secretKey)
  })

  it('whose secret others can read through a link is refused', async () => {
    const [path, other] = [newPath(), newPath()]
    await Certificate.generate().save(other)
    await chmod(`${other}_secret`, 0o604)
    await symlink(`${other}_secret`, `${path}_secret`)
    await expect(Certificate.load(path)).rejects.toMatchObject({ code: 'CERTIFICATE_UNREADABLE' })
  })

  it('is read as pyzmq writes it', async () => {
    const path = newPath()
    const { publicKey } = Certificate.generate()
    await writeFile(path, `#   ****  Generated  ****\n\nmetadata\ncurve\n    public-key = "${publicKey}"\n`)
    expect(await Certificate.load(path)).toMatchObject({ publicKey, metadata: {}, secretKey: undefined })
  })

  it('shows its secret key to nobody who prints it', () => {
    const certificate = Certificate.generate({ name: 'x' })
    const texts = [
      inspect(certificate, { depth: 9, showHidden: true }),
      JSON.stringify(certificate),
      String(certificate),
    ]
    for (const text of texts) expect(text).not.toContain(certificate.secretKey)
    expect(JSON.parse(texts[1]!)).toEqual({ publicKey: certificate.publicKey, metadata: { name: 'x' } })
  })

  it('without its secret key has the same public one', () => {
    const certificate = Certificate.generate({ name: 'x' })
    expect(certificate.publicOnly()).toMatchObject({
      publicKey: certificate.publicKey,
      metadata: { name: 'x' },
      secretKey: undefined,
    })
  })

  it('shares a secret with another, which both find and nobody else', () => {
    const [a, b, c] = [Certificate.generate(), Certificate.generate(), Certificate.generate()]
    expect(a.sharedSecret(b.publicKey)).toEqual(b.sharedSecret(a.publicKey))
    expect(a.sharedSecret(b.publicKey)).not.toEqual(c.sharedSecret(b.publicKey))
    expect(a.sharedSecret(b.publicKey)).toHaveLength(32)
  })

  it.each([
    ['without a secret key', () => Certificate.generate().publicOnly().sharedSecret(Certificate.generate().publicKey)],
    ['with a key with which all would know it', () => Certificate.generate().sharedSecret('0'.repeat(40))],
    ['with what is no key', () => Certificate.generate().sharedSecret('x')],
  ])('shares no secret %s', (_, share) => {
    expect(share).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  })

  it.each([
    [{ publicKey: 'short' }, 'publicKey'],
    [{ publicKey: '~'.repeat(40) }, 'publicKey'],
    [{ publicKey: '#'.repeat(40) }, 'publicKey'],
    [{ publicKey: undefined as never }, 'publicKey'],
    [{ publicKey: 7 as never }, 'publicKey'],
    [{ publicKey: Certificate.generate().publicKey, secretKey: null as never }, 'secretKey'],
    [{ publicKey: Certificate.generate().publicKey, secretKey: 'short' }, 'secretKey'],
    [
      { publicKey: Certificate.generate().publicKey, secretKey: Certificate.generate().secretKey },
      'secretKey: does not belong',
    ],
  ])('is not made of keys that are none: %j', (keys, what) => {
    expect(() => Certificate.fromKeys(keys)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(what) }),
    )
  })

  it.each([[{ 'a b': 'x' }], [{ name: 'two\nlines' }], [{ name: `"both' quotes` }], [{ name: 1 as never }]])(
    'is not made with metadata that its file cannot hold: %j',
    (metadata) => {
      expect(() => Certificate.generate(metadata)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
    },
  )

  it('has metadata with all that its file can hold', async () => {
    const path = newPath()
    const metadata = {
      ...{ 'a.b/c-d@e': `it's # = fine`, other: '"quoted"', separators: 'a\u2028b\u2029', constructor: 'x' },
      ['__proto__']: 'y',
    }
    await Certificate.generate(metadata).save(path)
    const read = (await Certificate.load(path)).metadata
    expect(Object.entries(read)).toEqual(Object.entries(metadata))
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
  })

  it('whose secret others can read is refused, and the error says what to do', async () => {
    const path = newPath()
    await Certificate.generate().save(path)
    await chmod(`${path}_secret`, 0o640)
    await expect(Certificate.load(path)).rejects.toMatchObject({
      code: 'CERTIFICATE_UNREADABLE',
      path: `${path}_secret`,
      message: expect.stringMatching(/mode 640.*chmod 600/),
    })
    expect((await Certificate.loadPublic(path)).secretKey).toBeUndefined()
  })

  it.each([
    ['', 'public-key'],
    ['curve\n', 'public-key'],
    ['curve\n    public-key = "short"\n', '40 characters'],
    ['\0\xff garbage', 'public-key'],
    [`curve\n    deeper\n        public-key = "${Certificate.generate().publicKey}"`, 'public-key'],
  ])('is not read from what is none: %j', async (text, why) => {
    const path = newPath()
    await writeFile(path, text)
    await expect(Certificate.load(path)).rejects.toMatchObject({
      code: 'CERTIFICATE_UNREADABLE',
      message: expect.stringContaining(why),
    })
  })

  it('that is not there is said not to be there', async () => {
    await expect(Certificate.load(newPath())).rejects.toMatchObject({
      code: 'CERTIFICATE_UNREADABLE',
      message: expect.stringContaining('no such file'),
    })
    await expect(Certificate.load(folder)).rejects.toMatchObject({ code: 'CERTIFICATE_UNREADABLE' })
    const nowhere = newPath()
    await expect(openTrust(nowhere)).rejects.toMatchObject({
      code: 'CERTIFICATE_UNREADABLE',
      path: nowhere,
      message: `the certificate ${nowhere} cannot be used: there is no such file or folder`,
    })
  })

  it('is not a key: where one is given for a path that is said, and the key is not', async () => {
    const { publicKey, secretKey } = Certificate.generate() as { publicKey: string; secretKey: string }
    const message = expect.stringMatching(/that is a key: .*Certificate\.fromKeys/)
    await expect(openTrust(publicKey)).rejects.toMatchObject({ code: 'CERTIFICATE_UNREADABLE', message })
    const error = await Certificate.load(secretKey).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'CERTIFICATE_UNREADABLE', message })
    expect(inspect(error)).not.toContain(secretKey)
  })

  it('that cannot be written says why, and names no file but those that were asked for', async () => {
    const none = join(folder, 'none')
    await expect(Certificate.generate().save(join(none, 'x'))).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: `the certificate ${join(none, 'x')} cannot be written: there is no folder ${none}`,
    })
    const path = newPath()
    await mkdir(`${path}_secret`)
    await expect(Certificate.generate().save(path)).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: `the certificate ${path} cannot be written: ${path}_secret: illegal operation on a directory`,
    })
  })
})

describe('a store of certificates', () => {
  const newFolder = () => mkdtemp(join(folder, 'store-'))

  it('has those of its folder, also what was added, and not what was removed, since it was asked last', async () => {
    const path = await newFolder()
    const store = await CertificateStore.open(path)
    const certificate = Certificate.generate({ name: 'x' })
    expect(await store.find(certificate.publicKey)).toBeUndefined()
    await certificate.save(join(path, 'x'))
    expect(await store.find(certificate.publicKey)).toEqual(certificate.publicOnly())
    await rm(join(path, 'x'))
    expect(await store.find(certificate.publicKey)).toBeUndefined()
  })

  it('sees a change that leaves size and time as they were', async () => {
    const path = await newFolder()
    const file = join(path, 'x')
    const [one, other] = [Certificate.generate(), Certificate.generate()]
    await one.savePublic(file)
    const { atime, mtime } = await stat(file)
    const store = await CertificateStore.open(path)
    await writeFile(
      file,
      (await readFile(file, 'utf8')).replace(one.publicKey, other.publicKey.replaceAll('$', '$$$$')),
    )
    await utimes(file, atime, mtime)
    expect(await store.find(one.publicKey)).toBeUndefined()
    expect(await store.find(other.publicKey)).toEqual(other)
  })

  it('leaves out what is no certificate, and never has a secret key', async () => {
    const path = await newFolder()
    await writeFile(join(path, 'garbage'), 'garbage')
    await writeFile(join(path, '.hidden'), 'garbage')
    const certificate = Certificate.generate()
    await certificate.save(join(path, 'x'))
    const store = await CertificateStore.open(path)
    expect((await store.all()).map(({ publicKey, secretKey }) => [publicKey, secretKey])).toEqual([
      [certificate.publicKey, undefined],
    ])
  })

  it('of a folder that is gone trusts nobody', async () => {
    const path = await newFolder()
    const certificate = Certificate.generate()
    await certificate.save(join(path, 'x'))
    const store = await CertificateStore.open(path)
    await rm(path, { recursive: true })
    expect(await store.find(certificate.publicKey)).toBeUndefined()
    await expect(CertificateStore.open(path)).rejects.toMatchObject({ code: 'CERTIFICATE_UNREADABLE' })
  })

  it('answers all who ask while it reads with what was there when they asked', async () => {
    const path = await newFolder()
    const store = await CertificateStore.open(path)
    const certificates = Array.from({ length: 20 }, () => Certificate.generate())
    const found = await Promise.all(
      certificates.map(async (certificate, index) => {
        await certificate.savePublic(join(path, String(index)))
        return store.find(certificate.publicKey)
      }),
    )
    expect(found.every((certificate) => certificate !== undefined)).toBe(true)
  })

  it('has a certificate through a link, and of two with one key the last by name', async () => {
    const path = await newFolder()
    const [one, other] = [Certificate.generate({ name: 'first' }), Certificate.generate()]
    const renamed = Certificate.fromKeys({ publicKey: one.publicKey }, { name: 'second' })
    await other.save(join(folder, 'elsewhere'))
    await symlink(join(folder, 'elsewhere'), join(path, 'link'))
    await symlink(join(folder, 'nowhere'), join(path, 'dangling'))
    await mkdir(join(path, 'folder'))
    await renamed.savePublic(join(path, 'b'))
    await one.savePublic(join(path, 'a'))
    const store = await CertificateStore.open(path)
    expect(await store.find(other.publicKey)).toEqual(other.publicOnly())
    expect(await store.find(one.publicKey)).toEqual(renamed)
    expect(await store.all()).toHaveLength(2)
  })

  it('logs what is none once until it changes, with its path', async () => {
    const path = await newFolder()
    await writeFile(join(path, 'garbage'), 'garbage')
    const warned: unknown[] = []
    const log = {
      child: () => log,
      warn: (facts: { path: string }) => void warned.push(facts.path),
    } as unknown as Logger
    const store = await CertificateStore.open(path, { log })
    await store.all()
    expect(warned).toEqual([join(path, 'garbage')])
    await writeFile(join(path, 'garbage'), 'more garbage')
    await store.all()
    expect(warned).toHaveLength(2)
  })

  it.skipIf(process.platform === 'win32')('has more files than its process may have open', async () => {
    const path = await newFolder()
    const certificates = Array.from({ length: 400 }, () => Certificate.generate())
    for (const [index, certificate] of certificates.entries()) await certificate.savePublic(join(path, String(index)))
    const script = `
      import { CertificateStore } from '@troupe/core'
      const store = await CertificateStore.open(process.argv[1])
      console.log((await store.all()).length)`
    const command = `ulimit -n 128 && exec "$0" --input-type=module -e "$1" "$2"`
    const { stdout } = await run('sh', ['-c', command, process.execPath, script, path], { cwd: import.meta.dirname })
    expect(stdout).toBe('400\n')
  })

  it('of certificates that were given has those', async () => {
    const certificate = Certificate.generate()
    const store = CertificateStore.of(certificate)
    expect(await store.find(certificate.publicKey)).toEqual(certificate.publicOnly())
    expect(await store.find(Certificate.generate().publicKey)).toBeUndefined()
  })
})
