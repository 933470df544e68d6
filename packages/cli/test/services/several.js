import { contract, implement, procedure } from '@troupe/actors/rpc'
import { z } from 'zod'

const of = (name) => contract(name, { procedures: { who: procedure({ output: z.string() }) } })
const left = of('left')
const right = of('right')

export const first = implement(left, { who: () => 'left' })
export const second = implement(right, { who: () => 'right' })
/** A function has to be named. */
export const made = () => implement(right, { who: () => 'made' })
export const other = 5
