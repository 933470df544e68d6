import { it } from 'vitest'
import { CLIENTS } from './peers.js'
import { describeWire, played, timeout } from './wire-battery.js'

describeWire(CLIENTS, (peer, encoding) => {
  it(`keeps every rule of a client that the page has, in ${encoding}`, { timeout }, async ({ expect }) => {
    const cases = await played('rpc_client_conformance', ['--encoding', encoding, ...peer.command])
    expect(cases.filter(({ ok }) => !ok)).toEqual([])
    expect(cases.length).toBeGreaterThan(50)
  })
})
