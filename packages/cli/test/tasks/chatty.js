import { task } from '@troupe/actors/farm'
import { z } from 'zod'

console.log('chatty: imported')
process.stdout.write('chatty: imported, again\n')

export const chatty = task({
  name: 'chatty',
  input: z.number(),
  output: z.number(),
  run(n) {
    console.log(`chatty: ${n}`)
    return n
  },
})
