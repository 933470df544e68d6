/**
 * Secured RPC between us and Python: the right key is let in and a wrong one is not, both ways, and Python proves its key as the page on the
 * wire says.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, contract, procedure, serve } from '@troupe/actors/rpc'
import { Certificate } from '@troupe/core'
import { required } from '@troupe/testing/python-with'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { missing } from '../pyzmq.js'
import { LineProgram } from './line-program.js'
import { script } from './peers.js'

const desk = contract('desk', { procedures: { who: procedure({ output: z.unknown() }) } })
const [server, ann, eve] = [
  Certificate.generate({ name: 'desk' }),
  Certificate.generate({ name: 'Ann' }),
  Certificate.generate(),
]

/** The files of a test; pyzmq reads a pair of keys from the secret one, and takes those of a folder that end in .key. */
async function files() {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-test-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = (name: string) => join(folder, name)
  await mkdir(file('clients'))
  await Promise.all([server.save(file('server')), ann.save(file('ann')), eve.save(file('eve'))])
  await ann.savePublic(file('clients/ann.key'))
  return file
}

describe.skipIf(missing !== undefined && !required)('Python', () => {
  it.each([
    ['is served with the right key, and is nobody', 'ann', server, [], 'nobody'],
    [
      'is known when it has proven its key',
      'ann',
      server,
      ['prove'],
      { publicKey: ann.publicKey, metadata: { name: 'Ann' } },
    ],
    ['is refused with a key that is not trusted', 'eve', server, [], 'auth'],
    ['is refused when it knows another key of the service', 'ann', eve, [], 'out'],
  ] as const)('%s', async (_, name, known, how, outcome) => {
    const file = await files()
    await using service = await serve(
      desk,
      { who: (_input, { identity }) => identity ?? 'nobody' },
      { endpoint: 'tcp://127.0.0.1:!', security: { certificate: server, trust: file('clients') } },
    )
    const [python, ...args] = script('rpc_secured')
    const words = ['call', service.endpoint, file(`${name}_secret`), known.publicKey, ...how]
    await using calling = new LineProgram([python!, ...args, ...words])
    expect(await calling.next()).toEqual(outcome)
  })

  it('serves us with the right key, and refuses us with a wrong one', async () => {
    const file = await files()
    await using serving = new LineProgram([...script('rpc_secured'), 'serve', file('server_secret'), file('clients')])
    const endpoints = [(await serving.next()) as string]
    const of = async (certificate: Certificate, trust: Certificate) => {
      await using client = connect(desk, { endpoints, codec: 'json', security: { certificate, trust } })
      return await client.who().catch(({ code }: { code: string }) => code)
    }
    expect(await of(ann, server)).toBe('python')
    expect(await of(eve, server)).toBe('ACCESS_DENIED')
    expect(await of(ann, eve)).toBe('ACCESS_DENIED')
  })
})
