/**
 * The users of PLAIN: given, or in czmq's file of `name = password` lines, which is read again for every question.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { SharedReading } from './shared-reading.js'

export type Users = string | Readonly<Record<string, string>>

export class Passwords {
  readonly #users: () => Promise<ReadonlyMap<string, string>>

  constructor(users: Users) {
    if (typeof users === 'string') {
      const file = new SharedReading(async () => parseUsers(await readFile(users, 'utf8')))
      this.#users = () => file.get()
    } else {
      const given = new Map(Object.entries(users))
      this.#users = async () => given
    }
  }

  /**
   * Whether a user has a password. It takes as long for a wrong one as for a right one, and for a user that there is not.
   * @throws what reading the file throws
   */
  async know(username: string, password: string): Promise<boolean> {
    const wanted = (await this.#users()).get(username)
    const isRight = timingSafeEqual(digest(password), digest(wanted ?? ''))
    return isRight && wanted !== undefined
  }
}

function parseUsers(text: string): Map<string, string> {
  const users = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const at = line.indexOf('=')
    const name = line.slice(0, Math.max(at, 0)).trim()
    if (name !== '' && !name.startsWith('#')) users.set(name, line.slice(at + 1).trim())
  }
  return users
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
