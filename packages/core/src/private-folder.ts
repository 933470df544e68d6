/**
 * A folder for this process's private files, those of ipc among them, that only its user can enter, made when it is first needed and removed with
 * the last file in it, or at the exit of the process.
 */
import { lstatSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let folder: string | undefined
/** Whether it was given by who started this process, and removes it. */
let isGiven = false
let users = 0
let lastName = 0

export interface PrivatePath extends Disposable {
  /** The path of a file that is not there yet, and that only this user can reach. */
  readonly path: string
}

export interface PrivateEndpoint extends Disposable {
  /** An endpoint to bind that only this user's processes can reach: ipc, or tcp on loopback where there is no ipc. */
  readonly endpoint: string
}

/** A new private path. Dispose of it when nothing uses it any more: what is there then is removed. */
export function privatePath(): PrivatePath {
  if (folder === undefined) {
    // mkdtemp makes it with mode 0700.
    folder = mkdtempSync(join(tmpdir(), 'troupe-'))
    process.once('exit', removeFolder)
  }
  users++
  let disposed = false
  const path = join(folder, String(++lastName))
  return {
    path,
    [Symbol.dispose]: () => {
      if (disposed) return
      disposed = true
      rmSync(path, { recursive: true, force: true })
      // Node 20 asks of the path of a module whether it is a socket by what it looked at last. After a socket, the
      // next package that is a link (pnpm makes them) would be loaded a second time, with classes of its own.
      lstatSync('/')
      if (--users === 0) removeFolder()
    },
  }
}

/** A new private endpoint. Dispose of it when nothing is bound to it any more. */
export function privateEndpoint(): PrivateEndpoint {
  if (process.platform === 'win32') {
    return { endpoint: 'tcp://127.0.0.1:*', [Symbol.dispose]: () => undefined }
  }
  const place = privatePath()
  return { endpoint: `ipc://${place.path}`, [Symbol.dispose]: () => place[Symbol.dispose]() }
}

/** Has this process put its private files into a folder that its owner made for it, and removes: also if this one is killed. */
export function usePrivateFolder(path: string): void {
  if (folder !== undefined) return
  folder = path
  isGiven = true
}

/** The folder of this process's private files, while there is one: whoever survives this process may remove it. */
export const privateFolder = (): string | undefined => folder

function removeFolder(): void {
  if (folder === undefined || isGiven) return
  process.removeListener('exit', removeFolder)
  rmSync(folder, { recursive: true, force: true })
  folder = undefined
}
