/**
 * A number as the command line gives it.
 */
import { z } from 'zod'

/** The longest time that a timer can take, in ms. */
export const LONGEST_MS = 2 ** 31 - 1

export const wholeNumber = (minimum: number, maximum: number) =>
  z.string().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.number().min(minimum).max(maximum))
