import { Farm, task } from '@troupe/actors/farm'
import { z } from 'zod'

export const one = task({ name: 'one', input: z.number(), output: z.number(), run: () => 1 })

const farm = await Farm.start({ tasks: new URL(import.meta.url), workers: 1 })
console.log(await farm.submit(one, 1))
