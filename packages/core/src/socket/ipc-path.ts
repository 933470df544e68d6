/**
 * libzmq removes what it finds at the path of an ipc endpoint before it binds there, be it the endpoint of another
 * process or a file of the user's. So it is looked at first.
 */
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { connect } from 'node:net'
import { isMainThread } from 'node:worker_threads'
import type { RawSocket } from './raw.js'

/** The file of an ipc endpoint that this process has bound. */
export interface IpcFile {
  /** Removes it, unless another has bound the path meanwhile. After the socket was closed, or has unbound it. */
  remove(): void
}

const PRIVATE = 0o600

/**
 * Binds, and where that makes a file, this user alone can connect through it (mode 0600). libzmq leaves the file behind
 * when it closes, so whoever binds removes it.
 */
export function bindPrivately(raw: RawSocket, address: string): IpcFile | undefined {
  const path = pathOf(address)
  if (path === undefined) {
    raw.bindSync(address)
    return undefined
  }
  // The mask is the process's: a thread cannot set it, and there is a moment before the mode is changed.
  const mask = isMainThread ? process.umask(0o777 & ~PRIVATE) : undefined
  try {
    raw.bindSync(address)
  } finally {
    if (mask !== undefined) process.umask(mask)
  }
  if (mask === undefined) chmodSync(path, PRIVATE)
  const mine = lstatSync(path, { bigint: true })
  return {
    remove: () => {
      const there = lstatSync(path, { bigint: true, throwIfNoEntry: false })
      if (there?.ino === mine.ino && there.ctimeNs === mine.ctimeNs) rmSync(path, { force: true })
      // See privatePath: Node 20 takes what was looked at last for a socket.
      lstatSync('/')
    },
  }
}

const pathOf = (address: string): string | undefined => /^ipc:\/\/([^@].*)$/s.exec(address)?.[1]

/** @throws an error with the code EADDRINUSE if something listens there, EEXIST if there is a file that is no socket */
export async function assertIpcPathIsFree(address: string): Promise<void> {
  const path = pathOf(address)
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
