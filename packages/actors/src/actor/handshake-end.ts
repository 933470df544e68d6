/**
 * What it means that the other side closes a connection in the handshake, without a word.
 */

/**
 * One that it closes at once shows a wrong key, as a rule. One that it closes after so long, in ms, was held until no place had come free
 * (`maxConnections`): that may be otherwise at the next try.
 */
export const HELD_MS = 400

/** Whether it does not let who connects in, when it has closed so often, one time after the other. Who ends or starts anew closes once. */
export const isRefusal = (times: number): boolean => times >= CLOSED_TIMES

const CLOSED_TIMES = 3
