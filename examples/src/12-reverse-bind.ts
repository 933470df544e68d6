/**
 * Which end binds is not which end sends. By default a pull binds and a push connects; `@` and `>` say otherwise, so
 * that the end that stays is the one that others find.
 *
 * Run: node examples/dist/12-reverse-bind.js
 * Expected output:
 *   forward: the pull stays at tcp://127.0.0.1:16706
 *   it received: from one, from two
 *   reverse: the push stays at tcp://127.0.0.1:16707
 *   a pull that came later received: patience
 */
import { ZMQPull, ZMQPush } from '@troupe/push-pull'

// Forward: one pull is there, and pushes come and go.
await using pull = new ZMQPull('tcp://127.0.0.1:16706') // the same as '@tcp://127.0.0.1:16706'
console.log(`forward: the pull stays at ${await pull.endpoint()}`)
for (const name of ['one', 'two']) {
  await using push = new ZMQPush('tcp://127.0.0.1:16706') // the same as '>tcp://127.0.0.1:16706'
  await push.send(`from ${name}`)
}
console.log(`it received: ${[await pull.receive(), await pull.receive()].sort().join(', ')}`)

// Reverse: one push is there, and pulls come and go.
await using push = new ZMQPush('@tcp://127.0.0.1:16707')
console.log(`reverse: the push stays at ${await push.endpoint()}`)
const sending = push.send('patience') // It waits: nobody is there yet.
await using late = new ZMQPull('>tcp://127.0.0.1:16707')
await sending
console.log(`a pull that came later received: ${await late.receive()}`)
