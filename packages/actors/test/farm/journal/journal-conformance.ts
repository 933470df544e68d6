/**
 * What holds for every journal.
 */
import type { Journal, JournalEntry, RunIdentity, ScannedEntry } from '@troupe/actors/farm'
import { describe, expect, it, onTestFinished } from 'vitest'

/** A place where a journal may be: each call of `journal` gives one that has the same contents when it is claimed. */
export interface JournalPlace {
  journal(): Journal
}

export const RUN: RunIdentity = { name: 'digests', task: 'digest', version: '1', schema: 'f00d' }

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

export const accepted = (first: number, count: number): JournalEntry => ({
  kind: 'accepted',
  first,
  count,
  hash: `hash of ${first}`,
  body: bytes(`inputs ${first}`),
})

export const done = (first: number, count: number): JournalEntry => ({
  kind: 'done',
  indexes: [[first, count]],
  body: bytes(`outputs ${first}`),
})

export const failed = (index: number): JournalEntry => ({ kind: 'failed', index, body: bytes(`failure ${index}`) })

/** Everything that a run holds: each entry with its body. */
export async function contentsOf(journal: Journal, run = RUN.name): Promise<(ScannedEntry & { body?: string })[]> {
  const contents: (ScannedEntry & { body?: string })[] = []
  for await (const entry of journal.scan(run)) {
    const body = await journal.read(run, entry.place)
    contents.push(body === undefined ? entry : { ...entry, body: new TextDecoder().decode(body) })
  }
  return contents
}

/** Claims a journal and opens the run; it is closed after the test. */
export async function opened(journal: Journal, identity = RUN): Promise<Journal> {
  onTestFinished(() => journal.close())
  await journal.claim()
  await journal.open(identity)
  return journal
}

/** A run of six inputs: two taken, one failed, one done but not taken, two that wait. */
const ENTRIES: readonly JournalEntry[] = [
  accepted(0, 2),
  accepted(2, 4),
  done(0, 1),
  done(1, 1),
  { kind: 'taken', indexes: [[0, 1]], note: 'first' },
  failed(2),
  done(3, 1),
  { kind: 'taken', indexes: [[1, 1]], note: 'second' },
]

const COMPACTED = [
  { kind: 'accepted', first: 0, count: 2, hash: 'hash of 0', place: 0 },
  { kind: 'accepted', first: 2, count: 4, hash: 'hash of 2', place: 1, body: 'inputs 2' },
  { kind: 'done', indexes: [[0, 2]], place: 3 },
  { kind: 'failed', index: 2, place: 5, body: 'failure 2' },
  { kind: 'done', indexes: [[3, 1]], place: 6, body: 'outputs 3' },
  { kind: 'taken', indexes: [[0, 2]], note: 'second', place: 7 },
]

/** Declares the facts for journals at a new place each. */
export function describeJournal(name: string, newPlace: () => JournalPlace): void {
  describe(name, () => {
    describe('a claim', () => claims(newPlace))
    describe('runs', () => runs(newPlace))
    describe('entries', () => entries(newPlace))
    describe('a compaction', () => compactions(newPlace))
  })
}

function claims(newPlace: () => JournalPlace): void {
  it('says whether the journal is new', async () => {
    const place = newPlace()
    const journal = place.journal()
    expect(await journal.claim()).toEqual({ isNew: true })
    await journal.close()
    await using again = place.journal()
    expect(await again.claim()).toEqual({ isNew: false })
  })

  it('is refused as long as another has the journal, and leaves that alone', async () => {
    const place = newPlace()
    const journal = await opened(place.journal())
    await expect(place.journal().claim()).rejects.toMatchObject({ code: 'JOURNAL_IN_USE' })
    await expect(journal.claim()).rejects.toMatchObject({ code: 'JOURNAL_IN_USE' })
    await journal.append(RUN.name, [accepted(0, 1)])
    expect(await contentsOf(journal)).toHaveLength(1)
  })

  it('comes before all else, and after a close nothing goes any more', async () => {
    const journal = newPlace().journal()
    const closed = { code: 'CLOSED' }
    await expect(journal.open(RUN)).rejects.toMatchObject(closed)
    await journal.claim()
    await journal.open(RUN)
    await journal.close()
    await journal.close()
    await expect(journal.runs()).rejects.toMatchObject(closed)
    await expect(journal.append(RUN.name, [accepted(0, 1)])).rejects.toMatchObject(closed)
    await expect(contentsOf(journal)).rejects.toMatchObject(closed)
    await expect(journal.read(RUN.name, 0)).rejects.toMatchObject(closed)
    await expect(journal.compact(RUN.name)).rejects.toMatchObject(closed)
  })

  it('can be had again by who closed', async () => {
    const journal = await opened(newPlace().journal())
    await journal.append(RUN.name, [accepted(0, 1)])
    await journal.close()
    expect(await journal.claim()).toEqual({ isNew: false })
    await journal.open(RUN)
    expect(await contentsOf(journal)).toHaveLength(1)
  })
}

function runs(newPlace: () => JournalPlace): void {
  it('are begun once, and found again', async () => {
    const place = newPlace()
    const journal = place.journal()
    await journal.claim()
    expect(await journal.runs()).toEqual([])
    expect(await journal.open(RUN)).toEqual({ isNew: true })
    expect(await journal.open(RUN)).toEqual({ isNew: false })
    const other = { name: 'other', task: 'digest', schema: 'beef' }
    await journal.open(other)
    await journal.close()
    const again = await opened(place.journal())
    expect(await again.runs()).toEqual([RUN, other])
    expect(await again.open(other)).toEqual({ isNew: false })
  })

  it.each([
    ['task', { ...RUN, task: 'other' }, /its task is "digest" and not "other"/],
    ['version', { ...RUN, version: '2' }, /its version is "1" and not "2"/],
    ['version, which one has not', { name: RUN.name, task: RUN.task, schema: RUN.schema }, /"1" and not none/],
    ['schema', { ...RUN, schema: 'beef' }, /its schemas are others; to begin anew/],
  ])('of another %s are refused, and it is said what differs', async (_field, identity, why) => {
    const place = newPlace()
    const journal = await opened(place.journal())
    await expect(journal.open(identity)).rejects.toMatchObject({
      code: 'JOURNAL_MISMATCH',
      message: expect.stringMatching(why),
    })
    await journal.close()
    const again = place.journal()
    await again.claim()
    await expect(again.open(identity)).rejects.toMatchObject({ code: 'JOURNAL_MISMATCH' })
    await again.close()
  })

  it.each(['', ' ', '/../..', 'a\0b', '\ud800', '\ufffd', 'Ünïcödé 🎭', 'x'.repeat(10_000), '__proto__'])(
    'may have any name, as %j',
    async (name) => {
      const place = newPlace()
      const journal = await opened(place.journal(), { ...RUN, name })
      await journal.append(name, [accepted(0, 1)])
      await journal.close()
      const again = await opened(place.journal(), { ...RUN, name })
      expect(await again.runs()).toEqual([{ ...RUN, name }])
      expect(await contentsOf(again, name)).toHaveLength(1)
    },
  )

  it('that are not open take and give nothing', async () => {
    const place = newPlace()
    const journal = await opened(place.journal())
    await journal.close()
    await journal.claim()
    const failure = { code: 'JOURNAL_FAILED', message: expect.stringContaining('is not open') }
    await expect(journal.append(RUN.name, [accepted(0, 1)])).rejects.toMatchObject(failure)
    await expect(contentsOf(journal)).rejects.toMatchObject(failure)
    await expect(journal.compact('nobody')).rejects.toMatchObject(failure)
  })

  it('do not see each other', async () => {
    const journal = await opened(newPlace().journal())
    await journal.open({ ...RUN, name: 'other' })
    await journal.append(RUN.name, [accepted(0, 1)])
    await journal.append('other', [accepted(7, 1), failed(7)])
    await journal.acknowledge('other', [[7, 1]])
    await journal.compact('other')
    expect((await contentsOf(journal)).map(({ kind }) => kind)).toEqual(['accepted'])
    expect((await contentsOf(journal, 'other')).map(({ kind }) => kind)).toEqual(['accepted', 'failed', 'taken'])
  })
}

function entries(newPlace: () => JournalPlace): void {
  it('are none in a run that has just begun', async () => {
    const journal = await opened(newPlace().journal())
    expect(await contentsOf(journal)).toEqual([])
    expect(await journal.read(RUN.name, 0)).toBeUndefined()
    await journal.append(RUN.name, [])
    await journal.compact(RUN.name)
    expect(await contentsOf(journal)).toEqual([])
  })

  it('come back as they were, in order, with their bodies', async () => {
    const place = newPlace()
    const journal = await opened(place.journal())
    await journal.append(RUN.name, ENTRIES)
    const expected = ENTRIES.map((entry, index) => ({
      ...entry,
      place: index,
      ...('body' in entry && { body: new TextDecoder().decode(entry.body) }),
    }))
    expect(await contentsOf(journal)).toEqual(expected)
    await journal.close()
    expect(await contentsOf(await opened(place.journal()))).toEqual(expected)
  })

  it('keep the order of appends that do not wait for each other', async () => {
    const journal = await opened(newPlace().journal())
    const firsts = Array.from({ length: 1_000 }, (_, index) => index)
    await Promise.all(firsts.map((first) => journal.append(RUN.name, [accepted(first, 1)])))
    expect((await contentsOf(journal)).map((entry) => entry.kind === 'accepted' && entry.first)).toEqual(firsts)
  })

  it('hold ranges in any order, large indexes, empty bodies and any note', async () => {
    const place = newPlace()
    const journal = await opened(place.journal())
    const far = 2 ** 40
    const indexes = [
      [far, 3],
      [5, 1],
      [0, 2],
    ] as const
    await journal.append(RUN.name, [{ kind: 'done', indexes, body: new Uint8Array(0) }])
    await journal.acknowledge(RUN.name, indexes, '\ud800 \0 ü')
    await journal.acknowledge(RUN.name, [], '')
    await journal.close()
    expect(await contentsOf(await opened(place.journal()))).toEqual([
      { kind: 'done', indexes, place: 0, body: '' },
      { kind: 'taken', indexes, note: '\ud800 \0 ü', place: 1 },
      { kind: 'taken', indexes: [], note: '', place: 2 },
    ])
  })

  it('that come during a scan are not in it', async () => {
    const journal = await opened(newPlace().journal())
    await journal.append(RUN.name, [accepted(0, 1), accepted(1, 1)])
    let seen = 0
    for await (const _entry of journal.scan(RUN.name)) {
      seen++
      await journal.append(RUN.name, [accepted(1 + seen, 1)])
    }
    expect(seen).toBe(2)
    expect(await contentsOf(journal)).toHaveLength(4)
  })
}

function compactions(newPlace: () => JournalPlace): void {
  it('forgets what nobody needs, and keeps indexes, hashes, places and the last note', async () => {
    const place = newPlace()
    const journal = await opened(place.journal())
    await journal.append(RUN.name, ENTRIES)
    await journal.compact(RUN.name)
    expect(await contentsOf(journal)).toEqual(COMPACTED)
    await journal.compact(RUN.name)
    expect(await contentsOf(journal), 'compacted again').toEqual(COMPACTED)
    await journal.close()
    const again = await opened(place.journal())
    expect(await contentsOf(again), 'opened again').toEqual(COMPACTED)
    await again.compact(RUN.name)
    expect(await contentsOf(again)).toEqual(COMPACTED)
  })

  it('is followed by what is appended after it, and does not lose what comes during it', async () => {
    const place = newPlace()
    const journal = await opened(place.journal())
    await journal.append(RUN.name, ENTRIES)
    const during = [journal.compact(RUN.name), journal.append(RUN.name, [done(4, 1)]), journal.compact(RUN.name)]
    await Promise.all(during)
    await journal.acknowledge(RUN.name, [[2, 3]])
    await journal.compact(RUN.name)
    await journal.append(RUN.name, [done(5, 1)])
    const expected = [
      COMPACTED[0],
      COMPACTED[1],
      { kind: 'failed', index: 2, place: 5 },
      {
        kind: 'done',
        indexes: [
          [0, 2],
          [3, 2],
        ],
        place: 8,
      },
      { kind: 'taken', indexes: [[0, 5]], note: 'second', place: 9 },
      { kind: 'done', indexes: [[5, 1]], place: 10, body: 'outputs 5' },
    ]
    expect(await contentsOf(journal)).toEqual(expected)
    await journal.close()
    expect(await contentsOf(await opened(place.journal()))).toEqual(expected)
  })

  it('does not disturb a scan that is under way', async () => {
    const journal = await opened(newPlace().journal())
    await journal.append(RUN.name, ENTRIES)
    const kinds: string[] = []
    for await (const { kind } of journal.scan(RUN.name)) {
      if (kinds.length === 0) await journal.compact(RUN.name)
      kinds.push(kind)
    }
    expect(kinds).toEqual(ENTRIES.map(({ kind }) => kind))
  })
}
