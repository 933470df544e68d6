import { getEventListeners } from 'node:events'
import { deferred, type Waiter, waiting, within } from '@troupe/core'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

it('gives what is promised in time, and leaves no timer and no listener', async () => {
  const { signal } = new AbortController()
  const promise = deferred<string>()
  const waited = within('a thing', { signal, timeoutMs: 100 }, promise.promise)
  expect([listeners(signal), vi.getTimerCount()]).toEqual([1, 1])
  promise.resolve('done')
  await expect(waited).resolves.toBe('done')
  expect([listeners(signal), vi.getTimerCount()]).toEqual([0, 0])
})

it('rejects with what the promise rejects with', async () => {
  const { signal } = new AbortController()
  await expect(within('a thing', { signal, timeoutMs: 100 }, Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(listeners(signal)).toBe(0)
})

it('ends with TIMEOUT when the time is over, and not before', async () => {
  const { signal } = new AbortController()
  const seen: unknown[] = []
  const waited = within('a thing', { signal, timeoutMs: 100 }, new Promise(() => undefined)).catch((error) =>
    seen.push(error),
  )
  await vi.advanceTimersByTimeAsync(99)
  expect(seen).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  await waited
  expect(seen).toEqual([
    expect.objectContaining({
      name: 'TimeoutError',
      code: 'TIMEOUT',
      timeoutMs: 100,
      retryable: true,
      message: 'a thing took longer than 100 ms',
    }),
  ])
  expect(listeners(signal)).toBe(0)
})

it('ends with ABORTED when the signal aborts, and keeps its reason', async () => {
  const controller = new AbortController()
  const waited = within('a thing', { signal: controller.signal, timeoutMs: 100 }, new Promise(() => undefined))
  const reason = new Error('the user left')
  controller.abort(reason)
  await expect(waited).rejects.toMatchObject({ name: 'AbortError', code: 'ABORTED', cause: reason })
  expect(listeners(controller.signal)).toBe(0)
})

it('does not even begin when the signal has aborted before', async () => {
  const begin = vi.fn(() => ({ cancel: () => undefined }))
  await expect(waiting('a thing', { signal: AbortSignal.abort() }, begin)).rejects.toMatchObject({ code: 'ABORTED' })
  expect(begin).not.toHaveBeenCalled()
})

it('waits for ever with a time of 0 and with none', async () => {
  const promise = deferred()
  const waits = [within('a thing', { timeoutMs: 0 }, promise.promise), within('a thing', {}, promise.promise)]
  expect(vi.getTimerCount()).toBe(0)
  promise.resolve()
  await Promise.all(waits)
})

it('leaves no timer and no listener when what it begins is done at once', async () => {
  const { signal } = new AbortController()
  const cancel = vi.fn()
  const begin = (waiter: Waiter<number>) => {
    waiter.resolve(1)
    return { cancel }
  }
  await expect(waiting('a thing', { signal, timeoutMs: 100 }, begin)).resolves.toBe(1)
  expect([listeners(signal), vi.getTimerCount()]).toEqual([0, 0])
  expect(cancel).not.toHaveBeenCalled()
})

it('cancels what it began with the reason, once, when it gives up', async () => {
  const cancel = vi.fn()
  const controller = new AbortController()
  const waited = waiting('a thing', { signal: controller.signal, timeoutMs: 100 }, () => ({ cancel }))
  controller.abort()
  const error = await waited.catch((caught: unknown) => caught)
  await vi.advanceTimersByTimeAsync(200)
  expect(cancel.mock.calls).toEqual([[error]])
})

it('leaves the last word to what cannot be cancelled at once', async () => {
  const waiters: Waiter<string>[] = []
  const begin = (waiter: Waiter<string>) => {
    waiters.push(waiter)
    return { cancel: () => false }
  }
  const waited = waiting('a thing', { timeoutMs: 100 }, begin)
  await vi.advanceTimersByTimeAsync(100)
  waiters[0]?.resolve('done after all')
  await expect(waited).resolves.toBe('done after all')
})

it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, 2 ** 31, '5', null])('refuses %s as a time', async (timeoutMs) => {
  const options = { timeoutMs } as { timeoutMs: number }
  await expect(within('a thing', options, Promise.resolve())).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
    issues: [{ path: 'timeoutMs', message: expect.stringContaining(String(timeoutMs)) }],
  })
})

it.each([{}, null, 'x'])('refuses %s as a signal', async (signal) => {
  const options = { signal } as unknown as { signal: AbortSignal }
  await expect(within('a thing', options, Promise.resolve())).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
    issues: [{ path: 'signal', message: 'must be an AbortSignal' }],
  })
})
