import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ActorSnapshot, fileJournal, memoryJournal, type SnapshotJournal } from '@troupe/actors/actor'
import { describe, expect, it } from 'vitest'
import { ISOLATIONS, isSettled, linesOf, newFile, numbers, until } from './open-actor.js'
import { type KindName, openKind, snapshotsOf } from './open-kind.js'

const add = { type: 'ADD' }
/** A journal whose saves wait to be let go, or fail. */
function slowJournal() {
  const inner = memoryJournal()
  const saves: { readonly snapshot: unknown; go(): void; fail(error: Error): void }[] = []
  const journal: SnapshotJournal = {
    ...inner,
    save: (key, snapshot) =>
      new Promise((resolve, reject) => {
        const go = () => void inner.save(key, snapshot).then(resolve)
        saves.push({ snapshot, go, fail: reject })
      }),
  }
  return { journal, saves }
}

describe.each(ISOLATIONS)('a machine that is kept (%s)', (isolation) => {
  const open = (persist: unknown, input: object = {}, name: KindName = 'kept') =>
    openKind(isolation, name, input, { persist: persist as SnapshotJournal, name: 'Ada' })

  it('goes on where it was, after a stop and after a kill, and from scratch after its normal end', async () => {
    const folder = newFile()
    const first = await open(fileJournal(folder), { from: 1 })
    for (const _ of numbers(3)) await first.ask(add)
    // An answer is not given before what it tells of is kept.
    if (first.pid !== undefined) process.kill(first.pid, 'SIGKILL')
    else first.kill()
    await first.exit
    expect(readdirSync(folder)).toEqual(['Ada.json'])
    const second = await open(fileJournal(folder), { from: 2 })
    expect(await second.ask(add)).toMatchObject({ value: 'counting', context: { count: 4, from: 1 } })
    await second.stop()
    const third = await open({ journal: fileJournal(folder), key: 'Ada' })
    expect(await third.ask(add)).toMatchObject({ context: { count: 5 } })
    await third.ask({ type: 'END' })
    expect((await third.exit).reason).toBe('normal')
    expect(readdirSync(folder)).toEqual([])
    expect(await (await open(fileJournal(folder))).ask(add)).toMatchObject({ context: { count: 1 } })
  })

  it('runs what its state has invoked again, and its timers of `after` are not set again: xstate does not', async () => {
    const [gate, notes] = [newFile(), newFile()]
    const journal = memoryJournal()
    const first = await open(journal, { gate, notes })
    expect(await first.ask({ type: 'WORK' })).toMatchObject({ value: 'working' })
    await until(() => linesOf(notes).length === 1)
    first.kill()
    await first.exit
    const second = await open(journal)
    const snapshots = snapshotsOf(second)
    await until(() => linesOf(notes).length === 2)
    writeFileSync(gate, '')
    await until(() => snapshots.at(-1)?.value === 'worked')
    second.kill()
    await second.exit
    const timers = memoryJournal()
    const waits = await open(timers)
    await waits.ask({ type: 'WAIT' })
    waits.kill()
    await waits.exit
    const waiting = await open(timers)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(((await waiting.ask({ type: 'NOTHING' })) as ActorSnapshot).value).toBe('waiting')
  })

  it('does not start from a snapshot that does not fit: SNAPSHOT_REFUSED, unless it is to be discarded', async () => {
    const snapshot = (value: unknown, count: number) => ({
      ...{ status: 'active', value, context: { count }, children: {}, historyValue: {}, tags: [] },
    })
    const misfits: [KindName, unknown][] = [
      ['kept', snapshot('gone', 1)],
      ['kept', 'garbage'],
      ['kept', 0],
      ['kept', {}],
      ['keptStrictly', snapshot('counting', 4)],
    ]
    for (const [name, misfit] of isolation === 'inline' ? misfits : misfits.slice(0, 1)) {
      const journal = memoryJournal()
      await journal.save('Ada', misfit)
      await expect(open(journal, {}, name)).rejects.toMatchObject({
        ...{ code: 'SNAPSHOT_REFUSED', message: expect.stringContaining('actor Ada') },
      })
      expect(await journal.load('Ada')).toEqual(misfit)
      const actor = await open({ journal, onRefused: 'discard' }, {}, name)
      expect(await actor.ask(add)).toMatchObject({ context: { count: 1 } })
      expect(await journal.load('Ada')).toMatchObject({ context: { count: 1 } })
    }
  })

  it('has failed when its snapshot cannot be saved, and who asked is not told that it went well', async () => {
    const { journal, saves } = slowJournal()
    const actor = await open(journal)
    await until(() => saves.length === 1)
    const asks = Promise.allSettled([actor.ask(add), actor.ask(add)])
    saves[0]!.fail(new RangeError('the disk is full'))
    const reason = { code: 'SNAPSHOT_REFUSED', cause: { message: 'the disk is full' } }
    expect(await asks).toMatchObject([{ reason }, { reason }])
    expect(await actor.exit).toMatchObject({ reason: 'failed', error: reason })
    expect(saves.length).toBe(1)
  })

  it('goes on from its snapshot when it is replaced', async () => {
    const actor = await openKind(isolation, 'kept', {}, { persist: memoryJournal(), maxTasks: 2 })
    for (const count of [1, 2, 3, 4, 5]) expect(await actor.ask(add)).toMatchObject({ context: { count } })
  })

  it('is a machine: a handler and a function have no snapshot to be kept', async () => {
    for (const name of ['plain', 'answers'] as const) {
      await expect(open(memoryJournal(), {}, name)).rejects.toMatchObject({
        ...{ code: 'INVALID_OPTIONS', message: expect.stringContaining('persist: keeps snapshots of machines') },
      })
    }
  })
})

describe('the snapshot of a machine', () => {
  const open = (persist: unknown, options: object = {}, name: KindName = 'kept') =>
    openKind('inline', name, {}, { persist: persist as SnapshotJournal, ...options })

  it('is safe before the answer is given, and an answer does not wait for what came after it', async () => {
    const { journal, saves } = slowJournal()
    const actor = await open(journal)
    saves[0]!.go()
    const first = actor.ask(add)
    await until(() => saves.length === 2)
    expect(saves[1]!.snapshot).toMatchObject({ context: { count: 1 } })
    for (const _ of numbers(5)) await actor.send(add)
    const second = actor.ask(add)
    expect(await isSettled(first)).toBe(false)
    saves[1]!.go()
    expect(await first).toMatchObject({ context: { count: 1 } })
    // Those that came meanwhile are saved as one: the last.
    await until(() => saves.length === 3)
    expect(saves[2]!.snapshot).toMatchObject({ context: { count: 7 } })
    expect(await isSettled(second)).toBe(false)
    saves[2]!.go()
    expect(await second).toMatchObject({ context: { count: 7 } })
  })

  it('that cannot be made, or is no plain data, is a failure of the actor, and is thrown nowhere else', async () => {
    const invoking = await open(memoryJournal(), {}, 'unkeepable')
    await invoking.send({ type: 'GO' })
    expect(await invoking.exit).toMatchObject({ reason: 'failed', error: { code: 'ACTOR_FAILED' } })
    const big = await open(memoryJournal())
    await big.send({ type: 'BIG' })
    expect(await big.exit).toMatchObject({ reason: 'failed', error: { code: 'SNAPSHOT_REFUSED' } })
  })

  it('that cannot be removed after a normal end is a failure that is told', async () => {
    const broken = { ...memoryJournal(), remove: () => Promise.reject(new RangeError('read only')) }
    const actor = await open(broken)
    await actor.send({ type: 'END' })
    const error = { code: 'SNAPSHOT_REFUSED', cause: { message: 'read only' } }
    expect(await actor.exit).toMatchObject({ reason: 'failed', error })
  })

  it('from a journal that hangs keeps nobody from giving the start up, or from a kill', async () => {
    const hung = { ...memoryJournal(), load: () => new Promise<unknown>(() => undefined) }
    await expect(open(hung, { startTimeoutMs: 20 })).rejects.toMatchObject({ code: 'START_TIMEOUT' })
    const { journal } = slowJournal()
    const actor = await open(journal)
    await actor.stop({ timeoutMs: 20 })
    expect(actor.hasEnded).toBe(true)
  })
})

describe('a journal of files', () => {
  it('keeps each key in a file of its own, whatever the key, and has none of what was never saved', async () => {
    const folder = join(newFile(), 'deep')
    const journal = fileJournal(folder)
    expect(await journal.load('a')).toBeUndefined()
    await journal.remove('a')
    const keys = ['a', 'a/b', '../a', 'ä b', '..']
    for (const key of keys) await journal.save(key, { key })
    for (const key of keys) expect(await fileJournal(folder).load(key)).toEqual({ key })
    expect(readdirSync(folder).length).toBe(keys.length)
    expect(readdirSync(join(folder, '..'))).toEqual(['deep'])
    await journal.remove('a/b')
    expect(await journal.load('a/b')).toBeUndefined()
  })

  it('replaces a file as a whole: who dies while it writes leaves the one before', async () => {
    const folder = newFile()
    const journal = fileJournal(folder)
    await journal.save('a', { n: 1 })
    // What a write of a process that died leaves.
    writeFileSync(join(folder, 'a.json.1.new'), '{"n":')
    expect(await journal.load('a')).toEqual({ n: 1 })
    await Promise.all(numbers(5).map((n) => journal.save(`k${n}`, n)))
    expect(readFileSync(join(folder, 'k3.json'), 'utf8')).toBe('3')
  })

  it('refuses garbage: SNAPSHOT_REFUSED, which can be discarded', async () => {
    const folder = newFile()
    mkdirSync(folder)
    writeFileSync(join(folder, 'kept.json'), '{"status":')
    const persist = { journal: fileJournal(folder) }
    await expect(openKind('inline', 'kept', {}, { persist })).rejects.toMatchObject({ code: 'SNAPSHOT_REFUSED' })
    const actor = await openKind('inline', 'kept', {}, { persist: { ...persist, onRefused: 'discard' } })
    expect(await actor.ask(add)).toMatchObject({ context: { count: 1 } })
    await actor.stop()
    rmSync(folder, { recursive: true })
  })

  it.each([
    [{}],
    [{ journal: {} }],
    [{ journal: memoryJournal(), onRefused: 'ignore' }],
    [{ journal: memoryJournal(), key: '' }],
  ])('is what persist takes: %o is not, INVALID_OPTIONS', async (persist) => {
    await expect(openKind('inline', 'kept', {}, { persist: persist as never })).rejects.toMatchObject({
      ...{ code: 'INVALID_OPTIONS', message: expect.stringContaining('persist') },
    })
  })
})
