/**
 * The door for who reads bytes from outside with a wire of its own, without sockets, machines and schemas.
 */
export { assertJsonLimits, parseJson } from './json-text.js'
export { MAX_DEPTH, MAX_OBJECTS, MAX_VALUES, tooMany } from './message-limits.js'
export { StrictMsgpack, type StrictMsgpackTerms } from './strict-msgpack.js'
