/**
 * What the inputs of a map come from: an iterable, an async iterable, a Readable of Node or a ReadableStream of the web.
 */
import { InvalidOptionsError } from '@troupe/core'

/** Where inputs come from: also a Readable of Node, and a ReadableStream of the web. */
export type Inputs<Input> = Iterable<Input> | AsyncIterable<Input>

/** Inputs, read by one of two ways. */
export interface InputSource {
  readonly nextNow?: () => IteratorResult<unknown>
  readonly nextLater?: () => Promise<IteratorResult<unknown>>
  /**
   * Lets go of what it reads from. With a read under way it does not wait for that: an iterator that has nothing to give
   * now, and perhaps never, would hold up whoever stops reading.
   */
  end(isReading: boolean): unknown
  /** Leaves what it reads from as it was, before anything was read. */
  readonly giveBack?: () => void
}

interface NodeReadable extends AsyncIterable<unknown> {
  destroy(): void
  on(event: 'error', listener: () => void): void
  removeListener(event: 'error', listener: () => void): void
  pipe: unknown
}

interface WebReadable {
  getReader(): {
    read(): Promise<IteratorResult<unknown>>
    cancel(): Promise<void>
    releaseLock(): void
  }
}

/** @throws {InvalidOptionsError} for what cannot be read one by one */
export function sourceOf(inputs: Inputs<unknown>): InputSource {
  const given: unknown = inputs ?? {}
  if (isWebReadable(given)) return fromWeb(given)
  if (isNodeReadable(given)) return fromNode(given)
  const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now } = given as AsyncIterable<unknown> & Iterable<unknown>
  if (later !== undefined) return fromLater(later.call(given))
  if (now === undefined) {
    const message = `must be iterable, an async iterable or a stream, and is ${nameOf(inputs)}`
    throw new InvalidOptionsError('a map', [{ path: 'inputs', message }])
  }
  const iterator: Iterator<unknown> = now.call(given)
  return { nextNow: () => iterator.next(), end: () => iterator.return?.() }
}

function fromLater(iterator: AsyncIterator<unknown>): InputSource {
  return {
    nextLater: () => iterator.next(),
    async end(isReading) {
      const ended = iterator.return?.()
      if (isReading) ended?.catch(() => undefined)
      else await ended
    },
  }
}

function fromNode(readable: NodeReadable): InputSource {
  // It may fail before it is read, where its iterator does not listen yet. The iterator tells it nevertheless.
  const ignore = () => undefined
  readable.on('error', ignore)
  const source = fromLater(readable[Symbol.asyncIterator]())
  return {
    ...source,
    end(isReading) {
      readable.destroy()
      return source.end(isReading)
    },
    giveBack: () => readable.removeListener('error', ignore),
  }
}

function fromWeb(readable: WebReadable): InputSource {
  const reader = readable.getReader()
  return {
    async nextLater() {
      const came = await reader.read()
      if (came.done) reader.releaseLock()
      return came
    },
    async end() {
      const cancelled = reader.cancel()
      reader.releaseLock()
      await cancelled
    },
    giveBack: () => reader.releaseLock(),
  }
}

const isFunction = (value: unknown): boolean => typeof value === 'function'

const isWebReadable = (inputs: unknown): inputs is WebReadable => isFunction((inputs as Partial<WebReadable>).getReader)

// By what it does: there are others than those of this version of node:stream.
const isNodeReadable = (inputs: unknown): inputs is NodeReadable => {
  const { destroy, on, pipe } = inputs as Partial<NodeReadable>
  return isFunction(destroy) && isFunction(on) && isFunction(pipe) && Symbol.asyncIterator in (inputs as object)
}

const nameOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? `a ${value.constructor?.name ?? 'plain object'}` : String(value)
