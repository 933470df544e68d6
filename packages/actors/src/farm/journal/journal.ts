/**
 * The journal of durable runs: what was accepted, what became of it, and what its taker has.
 *
 * A journal decides nothing. It keeps entries in the order in which they were appended, and gives them back.
 */

/** One map of one task, as a journal knows it. A journal holds several. */
export interface RunIdentity {
  readonly name: string
  readonly task: string
  readonly version?: string | undefined
  /** Fingerprint of the schemas. */
  readonly schema: string
}

/** Indexes of inputs, as runs of consecutive ones. */
export type Ranges = readonly (readonly [first: number, count: number])[]

/** Inputs that the run has taken on. */
export interface AcceptedEntry {
  readonly kind: 'accepted'
  readonly first: number
  readonly count: number
  /** Of the inputs' encoding. */
  readonly hash: string
}

/** Inputs whose outputs are there. */
export interface DoneEntry {
  readonly kind: 'done'
  readonly indexes: Ranges
}

/** An input that has failed for good. */
export interface FailedEntry {
  readonly kind: 'failed'
  readonly index: number
}

/** Inputs whose outcomes the taker has, and will not ask for again. */
export interface TakenEntry {
  readonly kind: 'taken'
  readonly indexes: Ranges
  /** What the taker wants to find again. The last one counts. */
  readonly note?: string | undefined
}

interface WithBody {
  readonly body: Uint8Array
}

/** What is appended. Bodies must not change before the append has resolved. */
export type JournalEntry = (AcceptedEntry & WithBody) | (DoneEntry & WithBody) | (FailedEntry & WithBody) | TakenEntry

/** An entry without its body, which `read` gives. Places grow in the order of append, and stay as they are. */
export type ScannedEntry = (AcceptedEntry | DoneEntry | FailedEntry | TakenEntry) & { readonly place: number }

/** How a journal was found. */
export interface JournalReport {
  /** It held nothing, and did not exist before. */
  readonly isNew: boolean
  /** Of a damaged one: what could not be kept. What stands before the damage is kept. */
  readonly damage?: { readonly entriesLost: number; readonly why: string } | undefined
}

/**
 * A store of runs. It is claimed first, then its runs are opened; several runs may be open at once.
 *
 * Every other method rejects with `CLOSED` before `claim` and after `close`, and with `JOURNAL_FAILED` for a run that was
 * not opened since.
 */
export interface Journal extends AsyncDisposable {
  /**
   * Takes the journal for one farm: a second is refused. Recovers it up to the damage, if it is damaged.
   * @throws {TroupeError} `JOURNAL_IN_USE`; `JOURNAL_UNREADABLE` when it is no journal, or one of another format;
   * `JOURNAL_FAILED` when it cannot be written
   */
  claim(): Promise<JournalReport>

  /**
   * Opens a run, or begins it.
   * @throws {TroupeError} `JOURNAL_MISMATCH` when a run of that name has another task, version or schema; says which
   */
  open(identity: RunIdentity): Promise<{ readonly isNew: boolean }>

  /** Every run that it holds, in the order in which they were begun. */
  runs(): Promise<readonly RunIdentity[]>

  /**
   * Appends in order, all or none. Resolves once they are written: they outlive a kill -9 of the process.
   * @throws {TroupeError} `JOURNAL_FAILED` when they cannot be written, as when the disk is full: nothing of them counts,
   * and what was there before stands
   */
  append(run: string, entries: readonly JournalEntry[]): Promise<void>

  /** Appends that the outcomes of these inputs were taken. */
  acknowledge(run: string, indexes: Ranges, note?: string): Promise<void>

  /** The entries in the order of append, those that were there when it began. */
  scan(run: string): AsyncIterable<ScannedEntry>

  /** The body of an entry; undefined once it was compacted away, and for one that never had any. */
  read(run: string, place: number): Promise<Uint8Array | undefined>

  /**
   * Forgets the bodies that nobody needs any more: of outcomes that were all taken, of inputs that all have an outcome. Then
   * entries that say the same are merged. The indexes, the hashes, the last note, and the places of bodies stay.
   */
  compact(run: string): Promise<void>

  /** Gives it back. What was appended is written first. Does nothing when it is closed. */
  close(): Promise<void>
}
