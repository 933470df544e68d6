/**
 * An actor in the way of czmq: a function and its pipe, first in this thread, then in a process of its own.
 *
 * Run: node examples/dist/03-actor-pipe.js
 * Expected output:
 *   inline: 3 letters
 *   process: 6 letters
 *   in another process: true
 *   after its stop: stopped
 */
import { Actor } from '@troupe/actors/actor'
import { count } from './03-count.js'

await using near = await Actor.start(count)
await near.send('abc')
console.log(`inline: ${await near.receive()}`)

const code = { module: new URL('./03-count.js', import.meta.url), export: 'count' }
await using far = await Actor.start(code, undefined, { isolation: 'process' })
await far.send('abcdef')
console.log(`process: ${await far.receive()}`)
console.log(`in another process: ${far.pid !== undefined && far.pid !== process.pid}`)

// Stop sends $TERM, which ends the loop over the pipe, and waits for the end.
await far.stop()
console.log(`after its stop: ${far.state}`)
