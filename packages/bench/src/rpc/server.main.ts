/**
 * The process of a server: tells its address, and serves as long as whoever started it lives.
 */
import { rpcNamed } from './contenders.js'
import { inTime } from './time-limit.js'

const [, , name] = process.argv
process.on('disconnect', () => process.exit())
const rpc = await rpcNamed(name).open()
process.send?.(await inTime(rpc.serve(), `${name}: the start of its server`))
