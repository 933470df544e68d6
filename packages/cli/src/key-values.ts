/**
 * What the command line gives as `key=value`, several times.
 */
import { z } from 'zod'

export const keyValues = z
  .array(z.string().regex(/^[^=]+=/, 'must be as key=value'))
  .default([])
  .transform((pairs) => Object.fromEntries(pairs.map(pairOf)))

function pairOf(text: string): [key: string, value: string] {
  const at = text.indexOf('=')
  return [text.slice(0, at), text.slice(at + 1)]
}
