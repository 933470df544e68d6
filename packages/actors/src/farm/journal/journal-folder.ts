/**
 * The folder of a journal: what says that it is one, who has it, and how far it went when it was last closed.
 *
 *     JOURNAL   the format        store/  the LevelDB with the entries
 *     owner     who has it        lock/   a LevelDB that holds nothing: its lock is the journal's
 *     tail      how far it went
 *
 * The lock is not that of store/, because store/ is looked through, and repaired, before LevelDB opens it.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { sealed, unsealed } from './entry-record.js'
import { claimFailure, JournalInUseError, JournalUnreadableError } from './journal-errors.js'
import { type Level, levelCode, openLevel } from './level.js'

const KIND = 'troupe journal '
const FORMAT = `${KIND}1\n`
const TAIL_KEY = Buffer.from('tail')

/** How far each run goes, by its number: the place after its last. */
export type Tail = ReadonlyMap<number, number>

export class JournalFolder {
  readonly path: string
  readonly store: string
  readonly #lock: string

  constructor(path: string) {
    this.path = path
    this.store = join(path, 'store')
    this.#lock = join(path, 'lock')
  }

  /**
   * Makes it a journal if it is nothing yet.
   * @throws {JournalUnreadableError} when it is something else, or may not be read
   */
  async prepare(create: boolean): Promise<{ readonly isNew: boolean }> {
    try {
      if (create) await mkdir(this.path, { recursive: true })
      const names = await readdir(this.path)
      if (names.includes('JOURNAL')) {
        this.#assertFormat(await readFile(this.#file('JOURNAL'), 'utf8'))
        return { isNew: false }
      }
      if (!create) throw this.#unreadable('it is no journal')
      if (names.some((name) => name !== 'JOURNAL.new')) throw this.#unreadable('it is a folder of something else')
      await writeFile(this.#file('JOURNAL.new'), FORMAT)
      await rename(this.#file('JOURNAL.new'), this.#file('JOURNAL'))
      return { isNew: true }
    } catch (error) {
      throw claimFailure(this.path, error)
    }
  }

  /**
   * Takes it for this process; closing what is given back releases it, and so does the end of the process.
   * @throws {JournalInUseError}
   */
  async lock(): Promise<Level> {
    try {
      return await this.#openLock()
    } catch (error) {
      if (levelCode(error) === 'LEVEL_LOCKED') throw new JournalInUseError(this.path, await this.#owner(), error)
      throw claimFailure(this.path, error)
    }
  }

  /** undefined when there is none, or none that can be read. */
  async readTail(): Promise<Tail> {
    const record = await readFile(this.#file('tail')).catch(() => Buffer.alloc(0))
    const value = unsealed(TAIL_KEY, record)
    return new Map(value === undefined ? [] : JSON.parse(value.toString()))
  }

  async writeTail(tail: Tail): Promise<void> {
    await writeFile(this.#file('tail'), sealed(TAIL_KEY, Buffer.from(JSON.stringify([...tail]))))
  }

  async forgetTail(): Promise<void> {
    await rm(this.#file('tail'), { force: true })
  }

  async #openLock(): Promise<Level> {
    const lock = await openLevel(this.#lock).catch(async (error: unknown) => {
      // It is damaged, and nobody has it. The file that is locked stays: another may have it open by now.
      if (levelCode(error) !== 'LEVEL_CORRUPTION' && levelCode(error) !== 'LEVEL_IO_ERROR') throw error
      const names = await readdir(this.#lock)
      for (const name of names) if (name !== 'LOCK') await rm(join(this.#lock, name), { recursive: true, force: true })
      return await openLevel(this.#lock)
    })
    try {
      await writeFile(this.#file('owner'), ownName())
      return lock
    } catch (error) {
      await lock.close()
      throw error
    }
  }

  async #owner(): Promise<string> {
    const owner = await readFile(this.#file('owner'), 'utf8').catch(() => 'another process')
    return owner === ownName() ? `this process, ${process.pid}` : owner
  }

  #assertFormat(found: string): void {
    if (found === FORMAT) return
    const why = found.startsWith(KIND)
      ? `it is of format ${found.slice(KIND.length).trim()}, and not ${FORMAT.slice(KIND.length).trim()}`
      : 'its file JOURNAL is not that of a journal'
    throw this.#unreadable(why)
  }

  #file(name: string): string {
    return join(this.path, name)
  }

  #unreadable(why: string): JournalUnreadableError {
    return new JournalUnreadableError(this.path, why)
  }
}

const ownName = (): string => `process ${process.pid} on ${hostname()}`
