/**
 * A handshake that the other side closes at once shows a wrong key, as a rule. One that it closes after so long, in ms, was held until no place
 * had come free (`maxConnections`): that may be otherwise at the next try.
 */
export const HELD_MS = 400
