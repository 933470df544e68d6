/**
 * A map as two streams of the web: what is written to the one are its inputs, the other gives its outputs.
 */
import { ReadableStream, type ReadableWritablePair, WritableStream } from 'node:stream/web'
import type { Inputs } from '../input-source.js'
import type { MapResults } from '../map-run.js'
import { PushedInputs } from './pushed-inputs.js'

export function transformPair(
  begin: (inputs: Inputs<unknown>) => MapResults<unknown>,
): ReadableWritablePair<unknown, unknown> {
  const inputs = new PushedInputs()
  const results = begin(inputs)
  let failWriter: (error: unknown) => void
  const fail = (error: unknown) => {
    failWriter(error)
    inputs.fail(error)
  }
  const writable = new WritableStream<unknown>({
    start(controller) {
      failWriter = (error) => controller.error(error)
      // Not when it is `abort`'s turn: that waits for the write that is under way.
      const { signal } = controller as unknown as { readonly signal: AbortSignal }
      signal.addEventListener('abort', () => inputs.fail(signal.reason), { once: true })
    },
    write: (chunk) =>
      new Promise((resolve, reject) => {
        inputs.offer([chunk], (error) => (error ? reject(error) : resolve()))
      }),
    close: () => inputs.end(),
  })
  const readable = new ReadableStream<unknown>(
    {
      async pull(controller) {
        try {
          const { done, value } = await results.next()
          if (done === true) controller.close()
          else controller.enqueue(value)
        } catch (error) {
          fail(error)
          throw error
        }
      },
      async cancel(reason) {
        fail(reason)
        await results.return!()
      },
    },
    // Nothing is read before it is asked for.
    { highWaterMark: 0 },
  )
  return { readable, writable }
}
