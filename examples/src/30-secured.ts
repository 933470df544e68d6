/**
 * A pull that hears those alone whose certificates lie in its folder, and a worker whose key is revoked while it is
 * connected: it stays until it connects anew.
 *
 * Run: node examples/dist/30-secured.js
 * Expected output:
 *   heard: from the worker
 *   the stranger: auth
 *   heard: from the worker, whose key is revoked now
 *   the worker, anew: auth
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Certificate, ZMQMonitor } from '@troupe/core'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'

const folder = await mkdtemp(join(tmpdir(), 'secured-'))
const trusted = join(folder, 'trusted')
await mkdir(trusted)

// Each end makes its certificate once: NAME to give away, NAME_secret to keep.
await Certificate.generate({ name: 'server' }).save(join(folder, 'server'))
const worker = Certificate.generate({ name: 'worker' })
await worker.save(join(folder, 'worker'))
// What was given away goes to where it is trusted.
await worker.savePublic(join(trusted, 'worker'))

/** What becomes of a connection by these certificates. */
async function attempt(certificate: Certificate): Promise<string> {
  await using push = new ZMQPush(undefined, { security: { certificate, trust: join(folder, 'server') } })
  using monitor = new ZMQMonitor(push)
  await push.connect('tcp://127.0.0.1:16730')
  for await (const event of monitor) {
    if (event.type === 'handshake_succeeded') return 'in'
    if (event.type === 'handshake_failed') return event.reason
  }
  return 'closed'
}

await using pull = new ZMQPull('tcp://127.0.0.1:16730', {
  security: { certificate: join(folder, 'server'), trust: trusted },
})
await using push = new ZMQPush('tcp://127.0.0.1:16730', {
  security: { certificate: join(folder, 'worker'), trust: join(folder, 'server') },
})
await push.send('from the worker')
console.log(`heard: ${await pull.receive()}`)
console.log(`the stranger: ${await attempt(Certificate.generate())}`)

await rm(join(trusted, 'worker'))
await push.send('from the worker, whose key is revoked now')
console.log(`heard: ${await pull.receive()}`)
console.log(`the worker, anew: ${await attempt(worker)}`)
await rm(folder, { recursive: true })
