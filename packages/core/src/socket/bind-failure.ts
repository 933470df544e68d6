/**
 * Why an address cannot be bound. Of a socket that is watched libzmq says EAGAIN, whatever it was: to tell its monitor of the
 * failure overwrites the reason.
 */
import { createServer } from 'node:net'
import { codeOf } from './raw.js'

/** The failure with its true reason. */
export async function trueFailure(address: string, failure: unknown): Promise<unknown> {
  const tcp = /^tcp:\/\/(?:\[([^\]]+)\]|([^:[\]]+)):(\d+)$/.exec(address)
  if (codeOf(failure) !== 'EAGAIN' || tcp === null) return failure
  const [, six, host = six, port] = tcp
  const probe = createServer()
  const found = await new Promise<unknown>((resolve) => {
    probe.once('error', resolve)
    probe.listen({ port: Number(port), host: host === '*' ? undefined : host, exclusive: true }, () => {
      // It is free by now.
      probe.close(() => resolve(Object.assign(new Error('Address already in use'), { code: 'EADDRINUSE' })))
    })
  })
  return found
}
