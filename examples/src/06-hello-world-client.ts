/**
 * Hello world (28/REQREP): a client asks, a server answers.
 *
 * Start the server in another terminal, or put an & behind it:
 * With: node examples/dist/06-hello-world-server.js
 * Run: node examples/dist/06-hello-world-client.js
 * Expected output:
 *   sent: hello
 *   not its turn: ignored
 *   received: hello world
 *   in one: goodbye world
 */
import { ZMQRequest } from '@troupe/request-reply'

await using request = new ZMQRequest('tcp://127.0.0.1:16506')

await request.send('hello')
console.log('sent: hello')

// A request waits for its reply before the next: another send is ignored, and says so.
console.log(`not its turn: ${await request.send('hello again')}`)
console.log(`received: ${await request.receive()}`)

// Both in one, which is sent again when no reply comes in time.
console.log(`in one: ${await request.request('goodbye')}`)
