/**
 * What a claim makes of a journal whose files were damaged: a part of it from the beginning, or a refusal, and never what
 * was not written. It runs in a process of its own: LevelDB ends the process when it reads what is garbled.
 */
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LevelJournal, type ScannedEntry } from '@troupe/actors/farm'
import { type Seeded, seeded } from '@troupe/testing/seeded'
import { describe, expect, it } from 'vitest'
import { RUN } from './journal-conformance.js'
import { runProgram } from './journal-program.js'
import { temporaryFolder } from './temporary-folder.js'

interface Found {
  readonly at: string
  readonly code?: string
  readonly report?: { readonly damage?: { readonly entriesLost: number; readonly why: string } }
  readonly contents?: readonly (readonly [ScannedEntry, string | null])[]
}

interface Damage {
  readonly name: string
  readonly file: string
  readonly harm: (path: string) => void
}

const SESSIONS = 4
const BATCHES = 15

/** A journal of several tables and a log. `compacts` leaves gaps between its places. */
async function make(path: string, compacts: boolean): Promise<void> {
  const random = seeded(7)
  for (let session = 0; session < SESSIONS; session++) {
    const journal = new LevelJournal({ path })
    await journal.claim()
    await journal.open(RUN)
    for (let batch = 0; batch < BATCHES; batch++) {
      const index = session * BATCHES + batch
      const body = Buffer.from(Array.from({ length: random.whole(1, 600) }, () => random.whole(0, 255)))
      await journal.append(RUN.name, [
        { kind: 'accepted', first: index, count: 1, hash: `hash ${index}`, body },
        { kind: 'done', indexes: [[index, 1]], body: body.subarray(1) },
      ])
      if (batch % 3 > 0) await journal.acknowledge(RUN.name, [[index, 1]], `note ${index}`)
    }
    if (compacts && session === 1) await journal.compact(RUN.name)
    await journal.close()
  }
}

function damagesOf(journal: string, random: Seeded): Damage[] {
  const files = readdirSync(journal, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(journal, name)).isFile(),
  )
  const logs = files.filter((file) => /store.*\.log$/.test(file))
  return [
    ...files.flatMap((file) => damagesOfFile(file, statSync(join(journal, file)).size, random)),
    ...logs.flatMap((file) => unrepaired(file, statSync(join(journal, file)).size, random)),
  ]
}

/** LevelDB's repair, which a missing CURRENT calls for, takes over logs without looking at their sums. */
function unrepaired(file: string, size: number, random: Seeded): Damage[] {
  return Array.from({ length: 12 }, () => {
    const at = random.whole(0, size - 1)
    const harm = (path: string) => {
      const bytes = readFileSync(path)
      bytes.writeUInt8(bytes[at]! ^ 1, at)
      writeFileSync(path, bytes)
      rmSync(join(path, '..', 'CURRENT'))
    }
    return { name: `has byte ${at} changed, and CURRENT is gone`, file, harm }
  })
}

function damagesOfFile(file: string, size: number, random: Seeded): Damage[] {
  const damage = (name: string, harm: (path: string) => void): Damage => ({ name, file, harm })
  const change = (change: (bytes: Buffer) => void) => (path: string) => {
    const bytes = readFileSync(path)
    change(bytes)
    writeFileSync(path, bytes)
  }
  const damages = [
    damage('is gone', (path) => rmSync(path)),
    damage(
      'is garbage',
      change((bytes) => bytes.forEach((_, at) => void bytes.writeUInt8(random.whole(0, 255), at))),
    ),
    damage(
      'has a page of zeros',
      change((bytes) => bytes.subarray(bytes.length >> 1).fill(0, 0, Math.min(4_096, bytes.length >> 1))),
    ),
    // A size that no memory has: what ends the process in LevelDB.
    damage(
      'has a garbled end',
      change((bytes) => bytes.subarray(-48).subarray(0, 20).fill('0108ffffffffffff01', 'hex')),
    ),
    damage('goes on', (path) => writeFileSync(path, 'garbage', { flag: 'a' })),
  ]
  if (size === 0 || file.endsWith('LOG')) return damages
  for (const length of [0, 1, size >> 1, size - 1, random.whole(0, size - 1)]) {
    damages.push(damage(`is cut to ${length} of ${size} bytes`, (path) => truncateSync(path, length)))
  }
  for (let count = 0; count < 4; count++) {
    const at = random.whole(0, size - 1)
    const bit = random.whole(0, 7)
    damages.push(
      damage(
        `has bit ${bit} of byte ${at} flipped`,
        change((bytes) => void bytes.writeUInt8(bytes[at]! ^ (1 << bit), at)),
      ),
    )
  }
  return damages
}

/** Claims copies of the journal, each damaged in one way. */
async function look(journal: string, damages: readonly Damage[], folder: string): Promise<Found[]> {
  const copies = damages.map((damage, index) => {
    const at = join(folder, `${index}`)
    cpSync(journal, at, { recursive: true })
    damage.harm(join(at, damage.file))
    return at
  })
  const { status, signal, lines, stderr } = await runProgram(['look', ...copies])
  const last = damages[lines.length]
  expect({ status, signal, stderr, last: last && `${last.file} ${last.name}` }).toMatchObject({
    status: 0,
    signal: null,
  })
  return lines as Found[]
}

/** What is wrong with what was found. */
function wrongIn({ code, report, contents }: Found, whole: NonNullable<Found['contents']>): string | undefined {
  if (code !== undefined && report !== undefined) return `was claimed, and then failed with ${code}`
  if (code !== undefined) return code === 'JOURNAL_UNREADABLE' ? undefined : `failed with ${code}`
  const prefix = whole.slice(0, contents!.length)
  if (JSON.stringify(contents) !== JSON.stringify(prefix)) return 'gave what was not written'
  const lost = report!.damage?.entriesLost ?? 0
  const last = contents!.at(-1)?.[0].place ?? -1
  const missing = whole.at(-1)![0].place - last
  return lost === missing ? undefined : `lost ${missing} entries and told of ${lost}`
}

describe.each([
  ['a journal', false],
  ['a journal that was compacted', true],
])('%s with a damaged file', (_name, compacts) => {
  it('is recovered up to the damage, with a count of what is lost, or refused', async () => {
    const folder = temporaryFolder()
    const journal = join(folder, 'journal')
    await make(journal, compacts)
    const damages = damagesOf(journal, seeded(compacts ? 11 : 23))
    const [whole] = await look(journal, [{ name: 'is whole', file: 'tail', harm: () => {} }], join(folder, 'whole'))
    const found = await look(journal, damages, join(folder, 'damaged'))
    const wrong = found.map((one, index) => {
      const why = wrongIn(one, whole!.contents!)
      return why && `${damages[index]!.file} ${damages[index]!.name}: ${why}`
    })
    expect(wrong.filter((one) => one !== undefined)).toEqual([])
    expect(found).toHaveLength(damages.length)
    // Else the damages would have hit nothing.
    const lossy = found.filter(({ report }) => (report?.damage?.entriesLost ?? 0) > 0)
    const partial = lossy.filter(({ contents }) => contents!.length > 0)
    expect(lossy.length).toBeGreaterThan(20)
    expect(partial.length).toBeGreaterThan(5)
    expect(found.filter(({ code }) => code !== undefined).length).toBeGreaterThan(3)
  }, 120_000)

  it('takes entries again after what was kept, and knows nothing of the damage any more', async () => {
    const folder = temporaryFolder()
    const journal = join(folder, 'journal')
    await make(journal, compacts)
    const store = join(journal, 'store')
    const table = readdirSync(store)
      .filter((name) => name.endsWith('.ldb'))
      .at(-1)!
    rmSync(join(store, table))
    const first = new LevelJournal({ path: journal })
    const { damage } = await first.claim()
    expect(damage?.entriesLost).toBeGreaterThan(0)
    await first.open(RUN)
    await first.append(RUN.name, [{ kind: 'failed', index: 7, body: Buffer.from('again') }])
    await first.close()
    const again = new LevelJournal({ path: journal })
    expect(await again.claim()).toEqual({ isNew: false })
    await again.open(RUN)
    const places: number[] = []
    for await (const { place } of again.scan(RUN.name)) places.push(place)
    expect(Buffer.from((await again.read(RUN.name, places.at(-1)!))!).toString()).toBe('again')
    await again.close()
  })
})

it('a body that is damaged after the claim is not given', async () => {
  const path = temporaryFolder()
  const journal = new LevelJournal({ path })
  await journal.claim()
  await journal.open(RUN)
  await journal.append(RUN.name, [{ kind: 'failed', index: 0, body: Buffer.from('a body') }])
  await journal.close()
  await journal.claim()
  await journal.open(RUN)
  const store = join(path, 'store')
  for (const name of readdirSync(store).filter((each) => each.endsWith('.ldb'))) {
    const bytes = readFileSync(join(store, name))
    bytes.write('A BODY', bytes.indexOf('a body'))
    writeFileSync(join(store, name), bytes, { flag: 'r+' })
  }
  await expect(journal.read(RUN.name, 0)).rejects.toMatchObject({ code: 'JOURNAL_UNREADABLE' })
  await journal.close()
})
