/**
 * Opens what the command reads and writes, before any work, and never the same file twice.
 */
import type { BigIntStats } from 'node:fs'
import { fstat } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'
import { InvalidOptionsError, systemReason } from '@troupe/core'

/** How much is read at a time, in bytes. */
const READ_BYTES = 256 * 1024

export interface Input {
  readonly stream: Readable
  /** How much there is, where that is known. */
  readonly bytes: number | undefined
}

/** An output that a former run may have begun. */
export interface KeptOutput {
  readonly stream: Writable
  /**
   * Leaves so much of it, in bytes. Nothing where that makes no sense, as on stdout.
   * @throws {InvalidOptionsError} `INVALID_OPTIONS` when there is less
   */
  cutTo(bytes: number): Promise<void>
}

/** The files of one command. A file that is open already is not opened again for writing. */
export class Files {
  readonly #open = new Set<string>()

  /**
   * Opens a file to read; `-` is stdin.
   * @throws {InvalidOptionsError} `INVALID_OPTIONS` when it does not exist or cannot be read
   */
  async input(path: string): Promise<Input> {
    if (path === '-') {
      const found = await statOf(0)
      if (found !== undefined) this.#remember(found)
      return { stream: process.stdin, bytes: found?.isFile() ? Number(found.size) : undefined }
    }
    const file = await opened('input', path, 'r')
    const found = await file.stat({ bigint: true })
    if (found.isDirectory()) throw unusable('input', path, 'is a directory')
    this.#remember(found)
    const stream = file.createReadStream({ highWaterMark: READ_BYTES })
    return { stream, bytes: found.isFile() ? Number(found.size) : undefined }
  }

  /**
   * Opens a file to write and empties it; `-` is `stdout`. `option` is what the command line calls it.
   * @throws {InvalidOptionsError} `INVALID_OPTIONS` when it cannot be written, or is open already
   */
  async output(option: string, path: string, stdout: Writable): Promise<Writable> {
    return (await this.#output(option, path, stdout, 'w')).stream
  }

  /** As {@link output}, but leaves what is there until it is cut. */
  keptOutput(option: string, path: string, stdout: Writable): Promise<KeptOutput> {
    return this.#output(option, path, stdout, 'a')
  }

  async #output(option: string, path: string, stdout: Writable, flags: 'w' | 'a'): Promise<KeptOutput> {
    const found = path === '-' ? await statOf(1) : await stat(path, { bigint: true }).catch(() => undefined)
    if (found?.isFile() && this.#open.has(identity(found))) throw unusable(option, path, 'is another of its files too')
    if (path === '-') {
      if (found !== undefined) this.#remember(found)
      return { stream: stdout, cutTo: async () => undefined }
    }
    const file = await opened(option, path, flags)
    const opening = await file.stat({ bigint: true })
    this.#remember(opening)
    const cutTo = async (bytes: number) => {
      // What is no regular file has no length.
      if (!opening.isFile()) return
      if (opening.size < bytes)
        throw unusable(option, path, `is shorter than the ${bytes} bytes that the run had written`)
      await file.truncate(bytes)
    }
    return { stream: file.createWriteStream(), cutTo }
  }

  #remember(found: BigIntStats): void {
    if (found.isFile()) this.#open.add(identity(found))
  }
}

async function opened(option: string, path: string, flags: string): Promise<FileHandle> {
  try {
    return await open(path, flags)
  } catch (error) {
    throw unusable(option, path, systemReason(error))
  }
}

function unusable(option: string, path: string, why: string): InvalidOptionsError {
  return new InvalidOptionsError('troupe map', [{ path: option, message: `${path}: ${why}` }])
}

async function statOf(descriptor: number): Promise<BigIntStats | undefined> {
  return promisify(fstat)(descriptor, { bigint: true }).catch(() => undefined)
}

const identity = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`
