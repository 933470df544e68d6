import { ClosedError, errorData, errorFrom, TimeoutError, TROUPE_ERROR_CODES, TroupeError } from '@troupe/core'
import { expect, it } from 'vitest'

/** What arrives of an error on the other side of a wire. */
const crossed = (error: unknown) => errorFrom(JSON.parse(JSON.stringify(errorData(error))))

it('a TroupeError arrives as one, with its code, fields, stack and cause', () => {
  const error = new TimeoutError('call "price"', 500)
  const there = crossed(new TroupeError('TASK_FAILED', 'task failed', { cause: error, retryable: true }))
  expect(there).toBeInstanceOf(TroupeError)
  expect(there).toMatchObject({ code: 'TASK_FAILED', retryable: true, message: 'task failed' })
  expect(there.cause).toMatchObject({ name: 'TimeoutError', code: 'TIMEOUT', timeoutMs: 500, stack: error.stack })
})

it("an error of the user's arrives with its name, code and plain fields, and is no TroupeError", () => {
  const error = Object.assign(new RangeError('too far'), { code: 'ENOENT', path: '/tmp/x', deep: { not: 'plain' } })
  const there = crossed(error)
  expect(there).not.toBeInstanceOf(TroupeError)
  expect(there).toMatchObject({ name: 'RangeError', message: 'too far', code: 'ENOENT', path: '/tmp/x' })
  expect(there).not.toHaveProperty('deep')
})

it('an error with a code of ours that is not ours does not become ours', () => {
  expect(crossed(Object.assign(new Error('x'), { code: 'TIMEOUT' }))).not.toBeInstanceOf(TroupeError)
})

it.each([
  ['a text'],
  [5],
  [undefined],
  [null],
  [Symbol('x')],
  [
    {
      toString: () => {
        throw new Error()
      },
    },
  ],
])('anything else that was thrown is told as far as it can be', (thrown) => {
  expect(errorData(thrown)).toEqual({ name: 'NonError', message: expect.any(String) })
})

it('a field that is no finite number arrives as text', () => {
  const error = Object.assign(new Error('no mean'), { mean: Number.NaN, most: Number.POSITIVE_INFINITY, count: 0 })
  expect(crossed(error)).toMatchObject({ mean: 'NaN', most: 'Infinity', count: 0 })
})

const trap = () => {
  throw new Error('trap')
}

it.each(['name', 'message', 'stack', 'code', 'cause', 'field'])(
  'an error whose %s cannot be read is told without it',
  (field) => {
    const error = Object.defineProperty(new Error('x'), field, { enumerable: true, get: trap })
    expect(errorData(Object.assign(error, { other: 1 }))).toMatchObject({
      name: 'Error',
      message: field === 'message' ? 'its message cannot be read' : 'x',
      fields: { other: 1 },
    })
  },
)

it('an error with a name that cannot be made a text, or one that cannot be looked at, is told as far as it can be', () => {
  expect(errorData(Object.assign(new Error('x'), { name: Object.create(null) }))).toMatchObject({ name: 'a object' })
  expect(errorData(new Proxy(new Error('x'), { get: trap, ownKeys: trap }))).toMatchObject({ name: 'Error' })
  expect(errorData(new Proxy({}, { getPrototypeOf: trap, get: trap }))).toMatchObject({ message: 'a object' })
})

it('causes that go on for ever are cut off', () => {
  const error = new Error('round')
  error.cause = error
  let depth = 0
  for (let there: unknown = crossed(error); there instanceof Error; there = there.cause) depth++
  expect(depth).toBeLessThan(20)
})

it('every error says its code, and whether the same may succeed when it is tried again', () => {
  expect(new Set(TROUPE_ERROR_CODES).size).toBe(TROUPE_ERROR_CODES.length)
  expect(new ClosedError('the farm')).toMatchObject({ code: 'CLOSED', retryable: false, message: 'the farm is closed' })
  expect(new TroupeError('INTERNAL', 'x')).not.toHaveProperty('cause')
})
