/**
 * What a message may hold, whatever it is encoded in. A few bytes can say much: each level of nesting costs who walks it a
 * stack frame, and each empty list some 50 times the memory of its byte on the wire.
 */

/** How deep lists and objects may stand in each other. */
export const MAX_DEPTH = 128

/** How many lists, objects, binary values and times there may be. */
export const MAX_OBJECTS = 2_000_000

/** How many values there may be in all its lists and objects, keys too. */
export const MAX_VALUES = 16_777_216

export const tooDeep = () => new RangeError(`it is nested deeper than ${MAX_DEPTH} levels`)

export const tooMany = () =>
  new RangeError(`it has more than ${MAX_OBJECTS} lists, objects, binary values and times, or ${MAX_VALUES} values`)
