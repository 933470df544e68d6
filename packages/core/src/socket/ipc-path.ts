/**
 * libzmq removes what it finds at the path of an ipc endpoint before it binds there, be it the endpoint of another
 * process or a file of the user's. So it is looked at first.
 */
import { lstat } from 'node:fs/promises'
import { connect } from 'node:net'

/** @throws an error with the code EADDRINUSE if something listens there, EEXIST if there is a file that is no socket */
export async function assertIpcPathIsFree(address: string): Promise<void> {
  const path = /^ipc:\/\/([^@].*)$/s.exec(address)?.[1]
  if (path === undefined) return
  const there = await lstat(path).catch(() => undefined)
  if (there === undefined) return
  if (!there.isSocket()) throw failure('EEXIST', 'there is a file that is no socket')
  if (await isListening(path)) throw failure('EADDRINUSE', 'Address already in use')
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    const end = (listening: boolean) => {
      probe.destroy()
      resolve(listening)
    }
    probe.once('connect', () => end(true))
    // EAGAIN: it listens, and its backlog is full.
    probe.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'EAGAIN'))
  })
}

const failure = (code: string, message: string) => Object.assign(new Error(message), { code })
