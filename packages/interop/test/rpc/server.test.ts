import { it } from 'vitest'
import { SERVERS } from './peers.js'
import { describeWire, played, startServer, timeout } from './wire-battery.js'

describeWire(SERVERS, (peer, encoding) => {
  it(`keeps every rule of a server that the page has, in ${encoding}`, { timeout }, async ({ expect }) => {
    const { server, endpoint } = await startServer(peer)
    await using _ = server
    const cases = await played('rpc_conformance', [endpoint, '--encoding', encoding, '--pid', String(server.pid)])
    expect(cases.filter(({ ok }) => !ok)).toEqual([])
    expect(cases.length).toBeGreaterThan(100)
    expect(await server.exitCode()).toBe(0)
  })
})
