/**
 * The workers of a farm that were started elsewhere and have joined.
 */
import { errorData, type Identity, type Keyring, type Logger, systemClock, TroupeError } from '@troupe/core'
import { type Crew, type Keeper, type Mate, otherVersion } from '../crew.js'
import type { CheckedFarmOptions } from '../farm.options.js'
import { SocketEnd } from '../farm-end.js'
import { isTold } from '../is-told.js'
import { loadTasks } from '../load-tasks.js'
import type { WorkerState, WorkerStats } from '../member.js'
import type { Pace } from '../pace.js'
import type { Seat } from '../seat.js'
import type { Seating } from '../seating.js'
import { type Header, type Hello, type TaskSign, WIRE_VERSION } from '../wire.js'
import { LastWord } from './last-word.js'
import { isReachable } from './route.js'
import { difference, signOf } from './task-signs.js'

/** How long a worker that was let go may take to hang up, in ms. */
const HANG_UP_MS = 1_000
/** Who listens where its HELLO said has shown so by then, in ms, as a rule. */
const PROVEN_SOON_MS = 1_000
/** How long what was sent last may take to leave after the end of the farm, in ms. */
const LINGER_MS = 200

export interface GuestTerms {
  readonly run: string
  readonly options: CheckedFarmOptions
  readonly log: Logger
  readonly crew: Crew
  readonly seating: Seating
  /** Known once it is open. */
  keyring(): Keyring | undefined
  /** Where the farm listens. */
  sink(): string | undefined
}

interface Guest {
  readonly mate: Mate
  readonly hello: Hello
  readonly inbox: string
  /** Who it is, of a farm with security. */
  readonly identity: Identity | undefined
  readonly sinceMs: number
  /** It wants to leave. */
  isLeaving: boolean
  /** When it was told that it may go. */
  releasedMs: number | undefined
}

export class Guests {
  readonly #terms: GuestTerms
  readonly #guests = new Map<string, Guest>()
  /** How many have a seat, by their slots: of thousands most are alike. */
  readonly #seated = new Map<number, number>()
  readonly #lastWord: LastWord
  #signs: readonly TaskSign[] = []
  #tasks: ReadonlyMap<string, string | undefined> | undefined
  #isOpen = false
  /** The incarnations whose keys are looked up. */
  readonly #asked = new Set<string>()
  #denied = 0
  /** How many HELLOs named an inbox that is not dialled. */
  #unreachable = 0

  constructor(terms: GuestTerms) {
    this.#terms = terms
    const { run, log, keyring, sink } = terms
    const securityFor = (key: string | undefined) => (key === undefined ? undefined : keyring()?.dialling(key))
    this.#lastWord = new LastWord({ run, log, sink, securityFor })
  }

  /** How many HELLOs named a key that is not trusted, or none. */
  get denied(): number {
    return this.#denied
  }

  /** How many tasks of a line are of use to them. */
  useful(pace: Pace): number {
    let useful = 0
    for (const [slots, seats] of this.#seated) useful += seats * pace.held(slots)
    return useful
  }

  /** The versions of the tasks that each must have, by name. */
  get tasks(): ReadonlyMap<string, string | undefined> | undefined {
    return this.#tasks
  }

  /** Lets workers in from now on. @throws {TroupeError} what `loadTasks` throws */
  async open(): Promise<void> {
    const tasks = [...(await loadTasks(this.#terms.options.tasks)).values()]
    this.#signs = tasks.map(signOf)
    this.#tasks = new Map(tasks.map(({ name, version }) => [name, version]))
    this.#isOpen = true
  }

  /** A worker says HELLO that is not here: it is let in, or told why not. */
  knock(header: Header, hello: Hello): void {
    const { inbox, key = '', host } = hello
    if (!this.#isOpen || inbox === undefined) return
    const { log, options } = this.#terms
    if (!isReachable(inbox, this.#terms.sink())) {
      if (isTold(++this.#unreachable)) log.warn({ inbox, host }, 'a worker was not let in: its inbox is not dialled')
      return
    }
    const keyring = this.#terms.keyring()
    if (keyring === undefined) return this.#judge(inbox, header, hello, undefined)
    const { incarnation } = header
    // Whoever is honest says HELLO again.
    if (this.#asked.has(incarnation) || this.#asked.size >= options.maxJoining) return
    this.#asked.add(incarnation)
    const looked = keyring.identify(key).then((identity) => {
      this.#asked.delete(incarnation)
      if (!this.#isOpen || this.#guests.has(incarnation)) return
      if (identity !== undefined) return this.#judge(inbox, header, hello, identity)
      this.#denied++
      if (isTold(this.#denied)) {
        log.warn({ inbox, key, denied: this.#denied }, 'a worker was not let in: it names no key that is trusted')
      }
    })
    looked.catch((error: unknown) => log.error({ err: errorData(error), inbox }, 'a worker could not be let in'))
  }

  #judge(inbox: string, header: Header, hello: Hello, identity: Identity | undefined): void {
    if (header.version !== WIRE_VERSION) {
      return this.#lastWord.refuse(hello, header, 'VERSION_MISMATCH', otherVersion(header))
    }
    if (header.run !== '') {
      return this.#lastWord.refuse(hello, header, 'GIVEN_UP', 'the farm does not know it, or not any more')
    }
    const why = difference(this.#signs, hello.tasks)
    if (why === undefined) return this.#admit(inbox, header, hello, identity)
    this.#terms.log.warn({ inbox, host: hello.host, why }, 'a worker was refused')
    this.#lastWord.refuse(hello, header, 'VERSION_MISMATCH', why)
  }

  /** Looks after those that cannot be reached, and those that leave. */
  tick(): void {
    const nowMs = performance.now()
    const { options, log } = this.#terms
    for (const guest of this.#guests.values()) {
      const { mate, hello, inbox, sinceMs, releasedMs } = guest
      if (releasedMs !== undefined) {
        if (mate.end.lostSinceMs !== undefined || nowMs - releasedMs > HANG_UP_MS) this.#forget(guest, 'it has left')
      } else if (!mate.proven && nowMs - sinceMs > options.livenessMs) {
        const why = mate.end.isReached ? 'does not answer the WELCOME at' : 'cannot be reached at'
        log.warn({ worker: mate.id, inbox, host: hello.host }, `a worker wants to join and ${why} its inbox`)
        this.#forget(guest, `it ${why} ${inbox}`)
      }
    }
  }

  stats(): WorkerStats[] {
    return [...this.#guests.values()].map(({ mate, hello, identity, isLeaving }) => {
      const { id, incarnation, seat, pid, memoryMiB } = mate
      const { holder, done = 0, failed = 0 } = seat ?? {}
      const held = holder?.held ?? 0
      const { tags = [], host } = hello
      return {
        ...{ id, pid, incarnation, state: stateOf(mate, isLeaving), isolation: 'remote', host, identity, tags },
        ...{ held, done, failed, memoryMiB },
      }
    })
  }

  /** Tells all that the farm ends. */
  async close(): Promise<void> {
    this.#isOpen = false
    for (const { mate } of this.#guests.values()) this.#terms.crew.send(mate, 'BYE', {})
    this.#guests.clear()
    await this.#lastWord.close()
  }

  #admit(inbox: string, header: Header, hello: Hello, identity: Identity | undefined): void {
    const { crew, options, log } = this.#terms
    const { heartbeatMs, livenessMs } = options
    const { incarnation } = header
    // Whoever is honest says HELLO again.
    if (!this.#hasRoom()) return
    const transport = inbox.startsWith('ipc:') ? 'ipc' : 'tcp'
    const places = { transport, inbox, incarnation, lingerMs: LINGER_MS } as const
    const refused = (why: string) => {
      log.warn({ worker: guest.mate.id, inbox, host: hello.host, why }, 'a worker was given up')
      this.#silent(guest, why)
    }
    const security = identity && this.#terms.keyring()?.dialling(identity.publicKey)
    const end = new SocketEnd({ ...places, heartbeatMs, livenessMs, clock: systemClock, security, log, refused })
    try {
      end.open(inbox)
    } catch (error) {
      // Who sent it will see that nobody answers.
      log.warn({ inbox, err: errorData(error) }, 'the inbox of a worker cannot be dialled')
      return void end.close()
    }
    const keeper: Keeper = {
      // It has a seat once it has shown that it is who listens at the inbox.
      joined: () => undefined,
      proven: () => this.#seat(guest),
      answered: () => this.#releaseIfEmpty(guest),
      leaving: () => this.#leaving(guest),
      silent: (why) => this.#silent(guest, why),
      kill: (why) => this.#kill(guest, why),
    }
    const mate = crew.admit(this.#freeId(), header, hello, end, keeper)
    const guest: Guest = {
      mate,
      hello,
      inbox,
      identity,
      sinceMs: performance.now(),
      isLeaving: false,
      releasedMs: undefined,
    }
    this.#guests.set(incarnation, guest)
  }

  #seat(guest: Guest): void {
    const { mate, hello, inbox, identity } = guest
    const { seating, log } = this.#terms
    // It was given up when its proof came.
    if (mate.isLost) return
    // Where one listens no other does any more, though the farm is connected there.
    for (const other of this.#guests.values()) {
      if (other.inbox === inbox && other !== guest) this.#silent(other, 'another has joined from its inbox')
    }
    if (guest.isLeaving) return
    seating.take(mate, hello)
    this.#count(mate.seat, 1)
    log.info({ worker: mate.id, inbox, host: hello.host, identity }, 'a worker has joined')
  }

  #count(seat: Seat | undefined, change: number): void {
    if (seat === undefined) return
    const seats = (this.#seated.get(seat.slots) ?? 0) + change
    if (seats === 0) this.#seated.delete(seat.slots)
    else this.#seated.set(seat.slots, seats)
  }

  /** Whether one more may be about to join. Where all places are taken, the one gives way that has long been about to: each can be had for a HELLO. */
  #hasRoom(): boolean {
    const unproven = [...this.#guests.values()].filter(({ mate }) => !mate.proven)
    if (unproven.length < this.#terms.options.maxJoining) return true
    const [oldest] = unproven
    if (performance.now() - oldest!.sinceMs < PROVEN_SOON_MS) return false
    this.#forget(oldest!, 'it has not joined, and others want to')
    return true
  }

  #freeId(): string {
    const ids = new Set([...this.#guests.values()].map(({ mate }) => mate.id))
    for (let number = ids.size + 1; ; number++) if (!ids.has(`remote-${number}`)) return `remote-${number}`
  }

  #leaving(guest: Guest): void {
    guest.isLeaving = true
    if (guest.mate.seat !== undefined) guest.mate.seat.leaving = true
    this.#releaseIfEmpty(guest)
  }

  #releaseIfEmpty(guest: Guest): void {
    if (!guest.isLeaving || guest.releasedMs !== undefined || (guest.mate.seat?.holder.held ?? 0) > 0) return
    guest.releasedMs = performance.now()
    this.#terms.crew.send(guest.mate, 'BYE', {})
  }

  /** It may be there all the same, and will see that it was given up. */
  #silent(guest: Guest, why: string): void {
    if (guest.mate.seat !== undefined) guest.mate.seat.condemned ??= why
    this.#forget(guest, why)
  }

  /** Nothing here can end its process, but somebody beside it may. */
  #kill(guest: Guest, why: string): void {
    this.#lastWord.kill(guest.hello, guest.mate.incarnation, why)
    this.#forget(guest, why)
  }

  #forget(guest: Guest, why: string): void {
    if (!this.#guests.delete(guest.mate.incarnation)) return
    this.#count(guest.mate.seat, -1)
    void this.#terms.seating.lose(guest.mate, new TroupeError('WORKER_LOST', `its worker is gone: ${why}`))
  }
}

function stateOf({ seat }: Mate, isLeaving: boolean): WorkerState {
  if (isLeaving) return 'leaving'
  if (seat === undefined) return 'starting'
  return seat.leaving ? 'leaving' : seat.holder.held > 0 ? 'working' : 'idle'
}
