/**
 * Topics with a schema each, and a cache of their last values: who comes late is told where things stand.
 *
 * Run: node examples/dist/09-topics.js
 * Expected output:
 *   late: 21 degrees in berlin
 *   late: 14 degrees in oslo
 *   reader: extra, extra
 *   late: 22 degrees in berlin
 *   refused: INVALID_MESSAGE
 */
import type { TroupeError } from '@troupe/core'
import { ZMQPublisher, ZMQSubscriber } from '@troupe/publish-subscribe'
import { z } from 'zod'

const topics = {
  'weather.': z.object({ city: z.string(), degrees: z.number().min(-273) }),
  news: z.object({ headline: z.string() }),
}

await using publisher = new ZMQPublisher('tcp://127.0.0.1:!', { topics, lastValueCache: true })
const address = await publisher.endpoint()

// Nobody listens yet.
await publisher.send('weather.berlin', { city: 'berlin', degrees: 20 })
await publisher.send('weather.berlin', { city: 'berlin', degrees: 21 })
await publisher.send('weather.oslo', { city: 'oslo', degrees: 14 })
await publisher.send('news', { headline: 'extra, extra' })

await using late = new ZMQSubscriber(address, 'weather.', { topics })
await tellWeather(2)

await using reader = new ZMQSubscriber(address, undefined, { topics })
for await (const { key, message } of reader) {
  // `key` tells which topic it is, and so what the message is.
  if (key !== 'news') continue
  console.log(`reader: ${message.headline}`)
  break
}

await publisher.send('weather.berlin', { city: 'berlin', degrees: 22 })
await tellWeather(1)

await publisher
  .send('weather.berlin', { city: 'berlin', degrees: -300 })
  .catch((error: TroupeError) => console.log(`refused: ${error.code}`))

async function tellWeather(updates: number): Promise<void> {
  for (let left = updates; left > 0; left--) {
    const update = await late.receive()
    if (update.key === 'weather.') console.log(`late: ${update.message.degrees} degrees in ${update.message.city}`)
  }
}
