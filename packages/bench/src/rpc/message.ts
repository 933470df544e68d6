/**
 * The payload of every call and every stream, and the checks at both ends.
 */
import { z } from 'zod'
import { pointOf } from '../point.js'

export const Message = z.object({ id: z.int(), x: z.number(), y: z.number(), text: z.string() })
export type Message = z.infer<typeof Message>

/** The question of call `id`, or message `id` of a stream. */
export const messageOf: (id: number) => Message = pointOf

/** Messages 0 to `count` - 1 as the handler of a stream gives them, each made and checked when it is asked for. */
export function* checkedMessages(count: number): Generator<Message, void, undefined> {
  for (let id = 0; id < count; id++) yield Message.parse(messageOf(id))
}

/** The handler of a call: an echo. What comes is checked, and what it gives. */
export const checkedEcho = (question: unknown): Message => Message.parse(Message.parse(question))

/** The call of a client: what it sends is checked, and what comes. */
export const checkedCall =
  (call: (question: Message) => Promise<unknown>) =>
  async (question: Message): Promise<Message> =>
    Message.parse(await call(Message.parse(question)))

/** @throws {Error} when it is not the echo of its question, or not the message that is next in the stream */
export function assertSame(given: Message, wanted: Message): void {
  if (given.id !== wanted.id || given.x !== wanted.x || given.y !== wanted.y || given.text !== wanted.text) {
    throw new Error(`${JSON.stringify(given)} came, and not ${JSON.stringify(wanted)}`)
  }
}
