/**
 * Keeps a run's journal and its outputs in step: what the journal says was taken stands in the outputs, and what stands
 * there beyond it is cut off when the run is gone on with. So each outcome is in the outputs once, whatever was killed.
 */
import type { MapResults, Resumed } from '@troupe/actors/farm'
import { InvalidOptionsError } from '@troupe/core'
import { z } from 'zod'
import type { KeptOutput } from './files.js'
import type { LineWriter } from './line-writer.js'

/** How often, in ms. */
const EVERY_MS = 100

const Note = z.object({ output: z.number(), errors: z.number(), done: z.number(), failed: z.number() })
/** How long the outputs are, in bytes, and what they hold. */
export type Note = z.output<typeof Note>

const BEGINNING: Note = { output: 0, errors: 0, done: 0, failed: 0 }

export interface Outputs {
  readonly output: KeptOutput
  readonly errors: KeptOutput | undefined
}

/**
 * Cuts the outputs to where the journal stands, and gives what they then hold.
 * @throws {InvalidOptionsError} `INVALID_OPTIONS` when the journal holds a run that is not to be gone on with, or an output is
 *   not the one that it was written with
 */
export async function goOn(resumed: Resumed, outputs: Outputs, resume: boolean): Promise<Note> {
  if (!resumed.isNew && !resume) {
    const message = 'holds a run already: --resume goes on with it; to begin anew, give another folder or remove it'
    throw new InvalidOptionsError('troupe map', [{ path: 'journal', message }])
  }
  const note = resumed.note === undefined ? BEGINNING : Note.parse(JSON.parse(resumed.note))
  await outputs.output.cutTo(note.output)
  await outputs.errors?.cutTo(note.errors)
  return note
}

export class Checkpoint {
  readonly #lines: { readonly results: LineWriter; readonly errors: LineWriter | undefined }
  readonly #from: Note
  #lastMs = performance.now()

  constructor(results: LineWriter, errors: LineWriter | undefined, from: Note) {
    this.#lines = { results, errors }
    this.#from = from
  }

  get isDue(): boolean {
    return performance.now() - this.#lastMs >= EVERY_MS
  }

  /**
   * Says to the journal that all that `map` has given stands in the outputs. To be awaited before the next is asked for.
   * @throws what an output has failed with; then the journal is told nothing
   */
  async take(map: MapResults<unknown>, counts: Pick<Note, 'done' | 'failed'>): Promise<void> {
    const { results, errors } = this.#lines
    await Promise.all([results.flush(), errors?.flush()])
    const output = this.#from.output + results.bytes
    const note: Note = { output, errors: this.#from.errors + (errors?.bytes ?? 0), ...counts }
    await map.acknowledge(JSON.stringify(note))
    this.#lastMs = performance.now()
  }
}
