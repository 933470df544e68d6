/**
 * Which worker has which seat at the dispatcher: what is given to a seat goes to its worker, and what a worker says counts
 * for its seat.
 */
import { type Logger, TroupeError } from '@troupe/core'
import type { Crew, Mate } from './crew.js'
import type { Dispatcher, DispatchPort, Seat } from './dispatcher.js'
import type { Entry } from './ledger.js'
import { Losses } from './losses.js'
import { SentTasks, tasksBody, unencodable } from './tasks-frame.js'
import { type Hello, type ResultsBody, sizeOf, type UpdateBody } from './wire.js'

export class Seating implements Pick<DispatchPort, 'send' | 'cancel' | 'allow' | 'kill'> {
  readonly #crew: Crew
  readonly #log: Logger
  /** Those that the dispatcher knows. A worker's next may have begun while what its last had sent is still on its way. */
  readonly #mates = new Map<Seat, Mate>()
  readonly #losses = new Losses()
  #dispatcher: Dispatcher | undefined

  constructor(crew: Crew, log: Logger) {
    this.#crew = crew
    this.#log = log
  }

  /** `dispatcher` is told of all that happens to workers from now on. */
  open(dispatcher: Dispatcher): void {
    this.#dispatcher = dispatcher
  }

  /** A worker has joined and takes tasks. */
  take(mate: Mate, { tags, slots }: Hello): void {
    if (mate.isLost) return
    const { id, isOwn, place } = mate
    const doubtedUntilMs = this.#losses.doubtedUntilMs(place, this.#countAt(place) + 1)
    const own = { id, tags: new Set(tags), isOwn, doubtedUntilMs }
    const seat = this.#dispatcher?.join({ ...own, ...(slots !== undefined && { slots }) })
    if (seat === undefined) return
    mate.seat = seat
    this.#mates.set(seat, mate)
  }

  #countAt(place: string): number {
    let count = 0
    for (const mate of this.#mates.values()) if (mate.place === place) count++
    return count
  }

  /** A worker has ended, or is taken to have. What it had sent before is on its way here, and counts. */
  async lose(mate: Mate, cause: Error): Promise<void> {
    const { seat } = mate
    mate.isLost = true
    const wasLeaving = seat?.leaving === true
    if (seat !== undefined) seat.leaving = true
    await mate.end.lastWords()
    const why = seat?.condemned ?? seat?.fault
    const told =
      why === undefined ? cause : new TroupeError('WORKER_LOST', `the farm ended its worker: ${why}`, { cause })
    mate.seat = undefined
    if (seat !== undefined) {
      if (seat.holder.held > 0 && !wasLeaving) this.#losses.note(mate.place)
      this.#dispatcher?.lost(seat, told)
      this.#mates.delete(seat)
    }
    await this.#crew.dismiss(mate)
  }

  heard({ seat }: Mate): void {
    if (seat !== undefined) this.#dispatcher?.heard(seat)
  }

  answered({ seat, keeper }: Mate, results: ResultsBody, bytes: number): void {
    if (seat !== undefined) this.#dispatcher?.answered(seat, results, bytes)
    keeper.answered()
  }

  updated({ seat }: Mate, update: UpdateBody, bytes: number): void {
    if (seat !== undefined) this.#dispatcher?.updated(seat, update, bytes)
  }

  /** The farm ends a worker: for its own fault, or because it is taken to be gone. */
  end({ seat, keeper }: Mate, as: 'condemned' | 'fault', why: string): void {
    if (seat === undefined) return keeper.kill(why)
    if (seat.condemned !== undefined || seat.fault !== undefined) return
    seat[as] = why
    this.kill(seat, why)
  }

  send(seat: Seat, firstTicket: number, entries: readonly Entry[]): ReturnType<DispatchPort['send']> {
    const mate = this.#mates.get(seat)!
    try {
      return { bytes: this.#sendTasks(mate, firstTicket, entries), refused: NONE }
    } catch {
      // One of them cannot be encoded: the others can.
      const refused = unencodable(entries, mate.encoding)
      return this.#sendGood(mate, firstTicket, { entries: entries.filter((entry) => !refused.has(entry)), refused })
    }
  }

  /** Each can be encoded, and together they have hardly ever more in them than a message may: then the last do not go. */
  #sendGood(
    mate: Mate,
    firstTicket: number,
    { entries, refused }: { readonly entries: readonly Entry[]; readonly refused: Map<Entry, unknown> },
  ): ReturnType<DispatchPort['send']> {
    if (entries.length === 0) return { bytes: 0, refused }
    try {
      return { bytes: this.#sendTasks(mate, firstTicket, entries), refused }
    } catch (error) {
      if (entries.length === 1) return { bytes: 0, refused: refused.set(entries[0]!, error) }
      const half = entries.length >> 1
      for (const entry of entries.slice(half)) refused.set(entry, error)
      return this.#sendGood(mate, firstTicket, { entries: entries.slice(0, half), refused })
    }
  }

  cancel(seat: Seat, tickets: readonly number[]): void {
    this.#crew.send(this.#mates.get(seat)!, 'CANCEL', { tickets })
  }

  allow(seat: Seat, ticket: number, upTo: number): void {
    this.#crew.send(this.#mates.get(seat)!, 'CREDIT', { allowed: [[ticket, upTo]] })
  }

  kill(seat: Seat, why: string): void {
    this.#log.warn({ worker: seat.id, why }, 'worker is killed')
    this.#mates.get(seat)?.keeper.kill(why)
  }

  /** Returns the bytes of the frame. */
  #sendTasks(mate: Mate, firstTicket: number, entries: readonly Entry[]): number {
    const parts = this.#crew.send(mate, 'TASKS', tasksBody(firstTicket, entries, mate.encoding))
    const frame = new SentTasks(parts, mate.encoding)
    for (let place = 0; place < entries.length; place++) entries[place]!.sentIn(frame, place)
    return sizeOf(parts)
  }
}

const NONE: ReadonlyMap<Entry, unknown> = new Map()
