/**
 * An exclusive pair (31/EXPAIR): two ends within one process, both of which send and receive.
 *
 * Run: node examples/dist/02-pair.js
 * Expected output:
 *   there: ping
 *   here: pong
 *   nothing more: TIMEOUT
 */
import type { TroupeError } from '@troupe/core'
import { ZMQPair } from '@troupe/pair'

// One of the two ends binds: czmq's @ says which.
await using here = new ZMQPair('@inproc://pair')
await using there = new ZMQPair('>inproc://pair')

await here.send('ping')
console.log(`there: ${await there.receive()}`)
await there.send('pong')
console.log(`here: ${await here.receive()}`)
await here.receive({ timeoutMs: 20 }).catch((error: TroupeError) => console.log(`nothing more: ${error.code}`))
