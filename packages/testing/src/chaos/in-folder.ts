/**
 * Where a play puts its files: what any of its processes leaves behind is found there.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

export interface Places {
  /** Where tasks look for their orders. */
  readonly orders: string
  /** Where temporary files are, of this process and of all that it starts. */
  readonly temporary: string
}

/** @param folder an empty one */
export async function inFolder<Outcome>(folder: string, play: (places: Places) => Promise<Outcome>): Promise<Outcome> {
  const places = { orders: join(folder, 'orders'), temporary: join(folder, 'tmp') }
  for (const path of Object.values(places)) mkdirSync(path)
  const before = process.env.TMPDIR
  process.env.TMPDIR = places.temporary
  try {
    return await play(places)
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
}
