/**
 * How a test knows that a subscription has come to its publisher, which takes a moment.
 */
import type { SubscriptionEvent, UpstreamMessage, ZMQPublisher, ZMQSubscriber } from '@troupe/publish-subscribe'

/** Sends marks that begin with the prefix until the subscriber gets one, and takes them all. */
export async function joined(publisher: ZMQPublisher, subscriber: ZMQSubscriber, prefix = ''): Promise<void> {
  for (let mark = 0; ; mark++) {
    await publisher.send(`${prefix}mark ${mark}`)
    const came = await subscriber.receive({ timeoutMs: 20 }).catch(() => undefined)
    if (came !== undefined) break
  }
  const last = `${prefix}the last mark`
  await publisher.send(last)
  while ((await subscriber.receive()) !== last);
}

type Publisher = { receive(): Promise<SubscriptionEvent | UpstreamMessage<unknown>> }

/** The next subscriptions that an XPUB is told of, as `+topic` and `-topic`. */
export async function told(publisher: Publisher, count = 1): Promise<string[]> {
  const events: string[] = []
  while (events.length < count) {
    const event = await publisher.receive()
    if (event.type === 'message') throw new Error(`a message came: ${String(event.message)}`)
    events.push(`${event.type === 'subscribe' ? '+' : '-'}${event.text}`)
  }
  return events
}
