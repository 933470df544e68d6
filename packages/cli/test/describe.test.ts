import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describe as describeFile } from '../dist/describe.js'
import { open, type Service } from './open-shop.js'
import { serviceFile } from './serving.js'
import { troupe } from './troupe.js'

let shop: Service
beforeAll(async () => {
  shop = await open()
})
afterAll(() => shop.stop())

describe('troupe describe', () => {
  it('writes the contract of a file as JSON Schemas, and says which it cannot write and why', async () => {
    const { status, stdout, stderr } = await troupe(['describe', serviceFile('shop.ts')])
    expect(status).toBe(0)
    const { service, version, procedures } = JSON.parse(stdout)
    expect({ service, version }).toEqual({ service: 'shop', version: '2' })
    expect(procedures.ticks.input).toMatchObject({ type: 'object', properties: { count: { type: 'number' } } })
    expect(procedures.picture.output).toBeNull()
    expect(stderr).toMatch(/^troupe: shop\.picture: its output cannot be written as JSON Schema: .+\n$/)
  })

  it('writes the same of a server of it', async () => {
    const ofFile = await troupe(['describe', serviceFile('shop.ts')])
    const ofServer = await troupe(['describe', shop.endpoint])
    expect(ofServer).toEqual(ofFile)
  })

  it('writes an AsyncAPI document', async () => {
    const { status, stdout } = await troupe(['describe', serviceFile('shop.ts'), '--format', 'asyncapi'])
    expect(status).toBe(0)
    const { asyncapi, info, channels } = JSON.parse(stdout)
    expect({ asyncapi, info }).toMatchObject({ asyncapi: '3.0.0', info: { title: 'shop', version: '2' } })
    expect(Object.keys(channels)).toContain('quote')
  })

  it('describes the export that is named', async () => {
    const { stdout } = await troupe(['describe', serviceFile('several.js'), '--export', 'first'])
    expect(JSON.parse(stdout).service).toBe('left')
  })

  it.each([
    ['nowhere.ts', {}, 'MODULE_NOT_FOUND'],
    ['several.js', {}, 'EXPORT_NOT_FOUND'],
    ['several.js', { export: 'other' }, 'EXPORT_NOT_FOUND'],
    ['several.js', { format: 'yaml' }, 'INVALID_OPTIONS'],
  ])('is refused: %s %j', async (file, options, code) => {
    await expect(describeFile(serviceFile(file), options, process)).rejects.toMatchObject({ code })
  })

  it('says in one line why it cannot', async () => {
    const { status, stdout, stderr } = await troupe(['describe', serviceFile('several.js')])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/^troupe: [^\n]* \(EXPORT_NOT_FOUND\)\n$/)
  })
})
