/**
 * The clients of a service's ROUTER, by their routing ids: each has its session and its queue.
 */
import type { Logger } from '@troupe/core'
import type { ZMQRouter } from '@troupe/dealer-router'
import { wireError } from '../rpc-errors.js'
import type { Peer } from './execution.js'
import { PeerChannel } from './peer-channel.js'
import type { CheckedCommonOptions } from './serve.options.js'
import type { ServerCore } from './server-core.js'
import type { Session } from './session.js'

/** How long a stop waits until libzmq has taken the last words, in ms. */
const LAST_WORDS_MS = 500

/** A client has one session. Who has had so many ends, and does not keep quiet for a heartbeat, is not answered any more. */
const MOST_ENDS = 256
/** So many that have gone are remembered, beside those that may be connected, until it is known that they have. */
const MOST_GONE = 16_384

interface Member {
  readonly peer: Peer
  readonly channel: PeerChannel
  session: Session | undefined
  /** Without a session: whether it has sent anything since the last heartbeat. */
  speaks: boolean
  /** How many sessions it has had, and begun in vain, since it was quiet for a heartbeat. */
  ended: number
}

export interface PeersTerms {
  readonly core: ServerCore
  readonly router: ZMQRouter<{ codec: 'frames' }>
  readonly options: CheckedCommonOptions
  readonly log: Logger
}

export class Peers {
  readonly #terms: PeersTerms
  readonly #members = new Map<string, Member>()

  constructor(terms: PeersTerms) {
    this.#terms = terms
  }

  /** Takes what comes, until the socket is closed. */
  async read(): Promise<void> {
    for await (const { routingId, message } of this.#terms.router) {
      const id = Buffer.from(routingId.buffer, routingId.byteOffset, routingId.byteLength).toString('latin1')
      if (message.length === 1 && message[0]!.length === 0) {
        // A session ends with its connection: another could come by its routing id, and would be taken for it.
        this.#gone(id)
        continue
      }
      const member = this.#members.get(id) ?? this.#meet(id, routingId)
      if (member === undefined) continue
      member.speaks = true
      // Who does not read would not read an answer either.
      if (member.channel.isLost) continue
      if (member.session === undefined && member.ended >= MOST_ENDS) {
        this.#terms.core.refused(member.peer, DEAF)
        continue
      }
      member.session ??= this.#open(member)
      member.session.came(message.length === 1 ? message[0]! : NO_FRAME)
    }
  }

  #gone(id: string): void {
    const member = this.#members.get(id)
    if (member === undefined) return
    member.session?.gone()
    this.#members.delete(id)
    // After its last word, if somebody is there to hear it.
    setImmediate(() => member.channel.close())
  }

  /** Called each heartbeat: forgets those whose session has ended, once they are quiet. */
  tick(): void {
    for (const [id, member] of this.#members) {
      if (member.session !== undefined) continue
      if (member.speaks) member.speaks = false
      else {
        member.channel.close()
        this.#members.delete(id)
      }
    }
  }

  /** Resolves when what was said is given to libzmq. */
  async drained(): Promise<void> {
    const all = Promise.all(Array.from(this.#members.values(), ({ channel }) => channel.drained()))
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise((resolve) => {
      timer = setTimeout(resolve, LAST_WORDS_MS)
    })
    await Promise.race([all, limit])
    clearTimeout(timer)
  }

  close(): void {
    for (const { channel } of this.#members.values()) channel.close()
    this.#members.clear()
  }

  /** A new one, unless there are too many: those that have gone are forgotten after a while. */
  #meet(id: string, given: Uint8Array): Member | undefined {
    const { router, options, core } = this.#terms
    const routingId = Uint8Array.from(given)
    const peer = { id: Buffer.from(routingId).toString('hex') }
    if (this.#members.size >= options.maxConnections + MOST_GONE) {
      core.refused(peer, TOO_MANY)
      return undefined
    }
    const channel = new PeerChannel(options.maxUnreadBytes, {
      send: (frame) => router.send({ routingId, message: [frame] }),
      lost: (why) => member.session?.end(why),
    })
    const member: Member = { peer, channel, session: undefined, speaks: true, ended: 0 }
    this.#members.set(id, member)
    return member
  }

  /** The next session of a peer, or what answers it that it has none. */
  #open(member: Member): Session {
    const { core, log } = this.#terms
    const { peer, channel } = member
    return core.open({
      peer,
      send: (frame) => channel.send(frame),
      ended: (session, why) => {
        core.closed(session)
        member.session = undefined
        member.ended++
        log.debug({ peer: peer.id, why }, 'a session has ended')
      },
    })
  }
}

const NO_FRAME = new Uint8Array()
const DEAF = wireError('NO_SESSION', 'it has no session, and has been told so often enough')
const TOO_MANY = wireError('ACCESS_DENIED', 'too many clients have connected and gone (maxConnections)')
