/**
 * The seed's weather server: publishes 'zipcode temperature humidity' for many zip codes, until it is stopped. Who wants
 * to know, subscribes: see 08-weather-client.ts.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { ZMQPublisher } from '@troupe/publish-subscribe'

const FIRST_ZIP_CODE = 10_001
const ZIP_CODES = 50

await using publisher = new ZMQPublisher('tcp://127.0.0.1:16608')

// Weather that is the same every day: a place has its own, and it goes up and down around that.
for (let hour = 0; ; hour++) {
  for (let place = 0; place < ZIP_CODES; place++) {
    const swing = hour % 2 === 0 ? 5 : -5
    await publisher.send(`${FIRST_ZIP_CODE + place} ${20 + place + swing} ${50 + (place % 40)}`)
  }
  await delay(1)
}
