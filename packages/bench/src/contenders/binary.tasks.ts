/**
 * The task of the binary scenario: a mebibyte in, and the same out, checked at both ends.
 */
import { task } from '@troupe/actors/farm'
import { z } from 'zod'

export const Blob = z.object({ id: z.number(), bytes: z.instanceof(Uint8Array) })
export type Blob = z.output<typeof Blob>

export const mirror = task({ name: 'mirror', input: Blob, output: Blob, run: (input) => input })

export const checkedMirror = (input: unknown): Blob => Blob.parse(Blob.parse(input))
