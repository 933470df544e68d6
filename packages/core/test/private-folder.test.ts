import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { parseEndpoints, privateEndpoint, privateFolder } from '@troupe/core'
import { expect, it, onTestFinished } from 'vitest'

const run = promisify(execFile)
const pathOf = (endpoint: string) => endpoint.replace('ipc://', '')

it('gives endpoints of their own in a folder that only this user can enter', () => {
  using one = privateEndpoint()
  using two = privateEndpoint()
  expect(one.endpoint).not.toBe(two.endpoint)
  expect(parseEndpoints(one.endpoint, 'bind')).toHaveLength(1)
  expect(dirname(pathOf(one.endpoint))).toBe(privateFolder())
  expect(statSync(privateFolder()!).mode & 0o777).toBe(0o700)
})

it('removes the folder with the last of them, and makes another for the next', () => {
  const one = privateEndpoint()
  const two = privateEndpoint()
  const folder = privateFolder()!
  writeFileSync(pathOf(one.endpoint), '')
  one[Symbol.dispose]()
  one[Symbol.dispose]()
  expect(existsSync(folder)).toBe(true)
  two[Symbol.dispose]()
  expect(existsSync(folder)).toBe(false)
  expect(privateFolder()).toBeUndefined()
  using three = privateEndpoint()
  expect(existsSync(dirname(pathOf(three.endpoint)))).toBe(true)
})

it.runIf(process.platform !== 'win32')(
  'a package behind a link is loaded once, though a socket was removed before',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-test-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    mkdirSync(join(folder, 'real'))
    writeFileSync(join(folder, 'real', 'index.mjs'), 'export class Mark {}')
    symlinkSync('real', join(folder, 'link'))
    const script = `
    import { once } from 'node:events'
    import { createServer } from 'node:net'
    import { privateEndpoint } from '@troupe/core'
    const real = await import('${folder}/real/index.mjs')
    const [gone, kept] = [privateEndpoint(), privateEndpoint()]
    const server = createServer().listen(gone.endpoint.slice('ipc://'.length))
    await once(server, 'listening')
    gone[Symbol.dispose]()
    const link = await import('${folder}/link/index.mjs')
    console.log(link.Mark === real.Mark)
    server.close()
    kept[Symbol.dispose]()`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: import.meta.dirname })
    expect(stdout).toBe('true\n')
  },
)

it('removes the folder at the exit of a process that did not dispose', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'troupe-test-'))
  onTestFinished(() => rmSync(parent, { recursive: true }))
  const script = `import { privateEndpoint } from '@troupe/core'; console.log(privateEndpoint().endpoint); process.exit(1)`
  const env = { ...process.env, TMPDIR: parent }
  const end = await run(process.execPath, ['--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
    env,
  }).catch((error: { stdout: string }) => error)
  expect(end.stdout).toContain(`ipc://${parent}`)
  expect(readdirSync(parent)).toEqual([])
})
