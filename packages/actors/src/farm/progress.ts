/**
 * How far a running task has got, in its own words.
 */
import { z } from 'zod'

/** A share from 0 to 1, or so many of so many, with a note if there is something to say. */
export type Progress = number | { readonly done: number; readonly total: number; readonly note?: string | undefined }

/** A note is meant to be a line. */
const NOTE_LENGTH = 1_024

/** Whether it is one. By hand, since workers call it in the midst of their work. */
export function isProgress(value: unknown): value is Progress {
  if (typeof value === 'number') return value >= 0 && value <= 1
  if (typeof value !== 'object' || value === null) return false
  const { done, total, note } = value as Partial<Record<string, unknown>>
  const isNote = note === undefined || (typeof note === 'string' && note.length <= NOTE_LENGTH)
  return isCount(done) && isCount(total) && isNote
}

const isCount = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0

export const ProgressShape = z.custom<Progress>(isProgress, 'must be a number from 0 to 1, or { done, total, note? }')
