/**
 * moleculer: two nodes over its TCP transporter, with its defaults. Zod checks in place of its own validator.
 */
import { ServiceBroker } from 'moleculer'
import { checkedCall, checkedEcho } from './message.js'
import type { Rpc } from './rpc-contender.js'

const SERVER = 'server'
const SERVICE = 'echo'
/** How long a client waits for the service, and how often it looks. */
const WAIT_MS = 30_000
const LOOK_MS = 20

export const moleculer: Rpc = {
  async serve() {
    const broker = brokerOf(SERVER, [])
    broker.createService({ name: SERVICE, actions: { call: ({ params }) => checkedEcho(params) } })
    await broker.start()
    const { port } = broker.getLocalNodeInfo() as { readonly port: number }
    return `127.0.0.1:${port}/${SERVER}`
  },
  async connect(address) {
    const broker = brokerOf(`client-${process.pid}`, [address])
    await broker.start()
    // The nodes gossip once a second.
    await broker.waitForServices(SERVICE, WAIT_MS, LOOK_MS)
    return { call: checkedCall((question) => broker.call(`${SERVICE}.call`, question)) }
  },
}

/** Knows the others by their address: no multicast. */
const brokerOf = (nodeID: string, urls: readonly string[]): ServiceBroker =>
  new ServiceBroker({
    ...{ nodeID, logger: false, validator: false },
    transporter: { type: 'TCP', options: { udpDiscovery: false, gossipPeriod: 1, urls } },
  })
