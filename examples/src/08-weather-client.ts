/**
 * The seed's weather client: subscribes to one zip code (29/PUBSUB) of the server beside it, and averages what comes.
 *
 * Run: node examples/dist/08-weather-client.js
 * With: node examples/dist/08-weather-server.js
 * Expected output:
 *   collecting updates for 10001
 *   average of 100 updates: 20 degrees, 50 % humidity
 */
import { ZMQSubscriber } from '@troupe/publish-subscribe'

const ZIP_CODE = '10001'
const UPDATES = 100

// A prefix is of bytes, not of words: with the space, no longer code can begin like this one.
await using subscriber = new ZMQSubscriber('tcp://127.0.0.1:16608', `${ZIP_CODE} `)
console.log(`collecting updates for ${ZIP_CODE}`)

let count = 0
let degrees = 0
let humidity = 0
for await (const update of subscriber) {
  const [, temperature, wetness] = update.split(' ').map(Number)
  degrees += temperature!
  humidity += wetness!
  if (++count === UPDATES) break
}
console.log(`average of ${count} updates: ${degrees / count} degrees, ${humidity / count} % humidity`)
