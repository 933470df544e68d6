import { chmod, copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Certificate } from '@troupe/core'
import { describe, expect, it } from 'vitest'
import { folder, linesOf, recordsOf, troupe } from './troupe.js'

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

describe('troupe cert new', () => {
  it('writes a certificate to give away and a secret that its owner alone can read, and says its public key', async () => {
    const path = join(folder(), 'ann.cert')
    const says = ['--name', 'Ann', '--email', 'ann@example.org', '--meta', 'role=cook', 'motto=a=b']
    const { status, stdout, stderr } = await troupe(['cert', 'new', path, ...says])
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: `troupe: ${path} is to give away, ${path}_secret to keep\n`,
    })
    const { publicKey, secretKey, metadata } = await Certificate.load(path)
    expect(stdout).toBe(`${publicKey}\n`)
    expect(metadata).toEqual({ name: 'Ann', email: 'ann@example.org', role: 'cook', motto: 'a=b' })
    expect(secretKey).toHaveLength(40)
    expect(await readFile(path, 'utf8')).not.toContain(secretKey)
    expect([await modeOf(path), await modeOf(`${path}_secret`)]).toEqual(['644', '600'])
  })

  it.each(['ann.cert', 'ann.cert_secret'])('replaces %s only when it is told to', async (name) => {
    const place = folder()
    const path = join(place, 'ann.cert')
    await writeFile(join(place, name), 'mine')
    const { status, stdout, stderr } = await troupe(['cert', 'new', path])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/^troupe: [^\n]*--force[^\n]* \(INVALID_OPTIONS\)\n$/)
    expect(await readFile(join(place, name), 'utf8')).toBe('mine')
    expect((await troupe(['cert', 'new', path, '--force'])).status).toBe(0)
    expect((await Certificate.load(path)).secretKey).toBeDefined()
  })

  it.each([
    [['x_secret'], 'INVALID_OPTIONS'],
    [['x', '--meta', 'role'], 'INVALID_OPTIONS'],
    [['x', '--meta', 'ro le=cook'], 'INVALID_OPTIONS'],
    [['nowhere/x'], 'OUTPUT_FAILED'],
    [[], 'INVALID_OPTIONS'],
  ])('is refused: %j', async ([name, ...options], code) => {
    const place = folder()
    const { status, stderr } = await troupe(['cert', 'new', ...(name ? [join(place, name)] : []), ...options])
    expect(status).toBe(2)
    expect(stderr).toMatch(new RegExp(`^troupe: [^\\n]* \\(${code}\\)\\n$`))
  })

  it('says that there is no such folder, and nothing of its own files', async () => {
    const place = join(folder(), 'fresh')
    const { status, stderr } = await troupe(['cert', 'new', join(place, 'w.cert')])
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: `troupe: the certificate ${place}/w.cert cannot be written: there is no folder ${place} (OUTPUT_FAILED)\n`,
    })
  })
})

/** A folder with two certificates, one with its secret. */
async function trusted() {
  const place = folder()
  const [ann, bob] = [Certificate.generate({ name: 'Ann' }), Certificate.generate()]
  await ann.save(join(place, 'ann'))
  await bob.savePublic(join(place, 'bob'))
  return { place, ann, bob }
}

describe('troupe cert show', () => {
  it('writes what a certificate says and who can read its secret, and never the secret', async () => {
    const { place, ann } = await trusted()
    const path = join(place, 'ann')
    const { status, stdout, stderr } = await troupe(['cert', 'show', path])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(linesOf(stdout)).toEqual([
      path,
      `  public key  ${ann.publicKey}`,
      '  name        "Ann"',
      `  secret      ${path}_secret, mode 600`,
    ])
    for (const file of [path, `${path}_secret`, place]) {
      for (const json of [[], ['--json']]) {
        const shown = await troupe(['cert', 'show', file, ...json])
        expect(shown.stdout).toContain(ann.publicKey)
        expect(`${shown.stdout}${shown.stderr}`).not.toContain(ann.secretKey)
      }
    }
  })

  it('writes all of a folder, as JSON too', async () => {
    const { place, ann, bob } = await trusted()
    const { status, stdout } = await troupe(['cert', 'show', place, '--json'])
    expect(status).toBe(0)
    expect(recordsOf(stdout)).toEqual([
      {
        ...{ path: join(place, 'ann'), publicKey: ann.publicKey, metadata: ann.metadata },
        secret: { path: join(place, 'ann_secret'), mode: '600' },
      },
      { path: join(place, 'bob'), publicKey: bob.publicKey, metadata: {}, secret: null },
    ])
  })

  it('ends with 1, and says what is wrong, when a secret can be read by others or belongs to another key', async () => {
    const { place, bob } = await trusted()
    await chmod(join(place, 'ann_secret'), 0o644)
    const open = await troupe(['cert', 'show', join(place, 'ann')])
    expect(open.status).toBe(1)
    expect(open.stdout).toMatch(/mode 644\n {2}unusable {4}.*chmod 600/)
    await chmod(join(place, 'ann_secret'), 0o600)
    await copyFile(join(place, 'ann_secret'), join(place, 'bob_secret'))
    const other = await troupe(['cert', 'show', join(place, 'bob')])
    expect([other.status, other.stdout.includes('belongs to another key')]).toEqual([1, true])
    expect(other.stdout).toContain(bob.publicKey)
  })

  it('ends with 1, and shows the others, when a file of the folder is none', async () => {
    const { place, bob } = await trusted()
    await writeFile(join(place, 'notes.txt'), 'nothing')
    await mkdir(join(place, 'more'))
    const { status, stdout, stderr } = await troupe(['cert', 'show', place])
    expect([status, stdout.includes(bob.publicKey)]).toEqual([1, true])
    expect(stderr).toMatch(/^troupe: [^\n]*notes\.txt[^\n]* \(CERTIFICATE_UNREADABLE\)\n$/)
  })

  it('ends with 2 when there is none', async () => {
    const { status, stderr } = await troupe(['cert', 'show', join(folder(), 'x')])
    expect(status).toBe(2)
    expect(stderr).toContain('(CERTIFICATE_UNREADABLE)')
  })
})
