import { expect, it } from 'vitest'
import { Connections } from '../dist/socket/connections.js'
import type { RawSocket } from '../dist/socket/raw.js'

it('nobody is let in to a socket whose connections cannot be counted', async () => {
  const connections = new Connections(10, 0)
  const unwatchable = {
    closed: false,
    get events(): never {
      throw new Error('out of descriptors')
    },
  }
  connections.count(unwatchable as unknown as RawSocket)
  expect(await connections.ask()()).toEqual({ refusal: 'it cannot be known how many peers are connected' })
})
