/**
 * The process of a client, or of many.
 */
import { serveOrders } from '../host.js'
import { rpcNamed } from './contenders.js'
import { Clients, type RpcOrder } from './orders.js'
import { inTime } from './time-limit.js'

const [, , name, address] = process.argv
const rpc = await rpcNamed(name).open()
const clients = await inTime(Clients.start(rpc, address!), `${name}: the first call`)

serveOrders<RpcOrder>(
  async (order) => {
    try {
      return await inTime(clients.carryOut(order), JSON.stringify(order))
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
    }
  },
  async () => undefined,
)
