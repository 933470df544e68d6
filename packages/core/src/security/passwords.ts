/**
 * The users of PLAIN: given, or in czmq's file of `name = password` lines, which is read again for every question.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'

export type Users = string | Readonly<Record<string, string>>

/** Whether a user has a password. It takes as long for a wrong one as for a right one. */
export async function knows(users: Users, username: string, password: string): Promise<boolean> {
  const known = typeof users === 'string' ? parseUsers(await readFile(users, 'utf8')) : new Map(Object.entries(users))
  const wanted = known.get(username)
  const isRight = timingSafeEqual(digest(password), digest(wanted ?? ''))
  return isRight && wanted !== undefined
}

function parseUsers(text: string): Map<string, string> {
  const users = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const parts = /^\s*([^#=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line)
    if (parts !== null) users.set(parts[1]!, parts[2]!)
  }
  return users
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
