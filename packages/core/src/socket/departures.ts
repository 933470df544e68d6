/**
 * Has a router told when a peer's connection ends: by an empty message that says it comes from that peer.
 */
import { TroupeError } from '../errors.js'
import type { RawSocket } from './raw.js'
import { heartOf, type ZMQSocket } from './socket.js'

/** ZMQ_ROUTER_NOTIFY, which zeromq.js has no name for, and of what: of ends, and not of beginnings. */
const ROUTER_NOTIFY = 97
const NOTIFY_DISCONNECT = 2

/**
 * From the next connection on. Whoever takes a peer for its routing id needs it: another may come by the same id as soon as the first is gone.
 * @throws {TroupeError} `SOCKET_FAILED` where libzmq cannot
 */
export function noticeDepartures(router: ZMQSocket): void {
  const { raw, what } = heartOf(router)
  try {
    ;(raw as RawSocket & { setInt32Option(option: number, value: number): void }).setInt32Option(
      ROUTER_NOTIFY,
      NOTIFY_DISCONNECT,
    )
  } catch (cause) {
    throw new TroupeError(
      'SOCKET_FAILED',
      `the ${what} cannot tell when a peer goes: this libzmq has no ROUTER_NOTIFY`,
      { cause },
    )
  }
}
