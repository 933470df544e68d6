/**
 * The one ZAP handler that a process may have: it takes what libzmq asks and has the authenticator of its domain answer.
 * It is there while there is a domain, so that a process without sockets has nothing that keeps it alive.
 */
import * as zeromq from 'zeromq'
import { TroupeError } from '../errors.js'
import { encodeZapReply, openEnvelope, parseZapRequest, type ZapParsed, type ZapReply, type ZapRequest } from './zap.js'

/** Where libzmq asks (RFC 27). */
export const ZAP_ENDPOINT = 'inproc://zeromq.zap.01'

/** Decides for one domain. */
export interface ZapJudge {
  judge(request: ZapRequest): Promise<ZapReply>
  /** What came for the domain and was no request. */
  malformed(why: string): void
}

const judges = new Map<string, ZapJudge>()
let router: zeromq.Router | undefined

let lastDomain = 0
/** A domain that nothing else in this process has. */
export const newDomain = (): string => `troupe/${process.pid}/${++lastDomain}`

/**
 * Answers for a domain from now on; returns what ends it.
 * @throws {TroupeError} `SOCKET_FAILED` when the domain is taken, or another thread or library answers for this process
 */
export function answerFor(domain: string, judge: ZapJudge): () => void {
  if (judges.has(domain))
    throw new TroupeError('SOCKET_FAILED', `the ZAP domain ${JSON.stringify(domain)} has an authenticator already`)
  if (router === undefined) router = open()
  judges.set(domain, judge)
  return () => {
    if (judges.get(domain) !== judge) return
    judges.delete(domain)
    if (judges.size > 0) return
    // Its name is free at once: to close is done in the background.
    router?.disconnect(ZAP_ENDPOINT)
    router?.close()
    router = undefined
  }
}

function open(): zeromq.Router {
  const socket = new zeromq.Router({
    linger: 0,
    sendTimeout: 0,
    mandatory: true,
    receiveHighWaterMark: 0,
    sendHighWaterMark: 0,
  })
  try {
    socket.bindSync(ZAP_ENDPOINT)
  } catch (cause) {
    socket.close()
    const why =
      'another thread or library of this process answers for it; one thread alone can have secured sockets that listen'
    throw new TroupeError('SOCKET_FAILED', `the process cannot authenticate at ${ZAP_ENDPOINT}: ${why}`, { cause })
  }
  void answerAll(socket)
  return socket
}

async function answerAll(socket: zeromq.Router): Promise<void> {
  while (!socket.closed) {
    const frames = await socket.receive().catch(() => undefined)
    if (frames !== undefined) void answer(socket, frames)
  }
}

/** Replies wait their turn: a socket sends one message at a time. */
let sending: Promise<unknown> = Promise.resolve()

async function answer(socket: zeromq.Router, frames: readonly Buffer[]): Promise<void> {
  const [peer, ...rest] = frames
  const { envelope, asked } = openEnvelope(frames) ?? { envelope: [peer!, Buffer.alloc(0)], asked: rest }
  const request = parseZapRequest(asked)
  const reply = asked === rest ? malformed('it has no delimiter', request.domain) : await replyTo(request)
  sending = sending
    .then(() => socket.send([...envelope, ...encodeZapReply(request.id, reply)]))
    // Whoever asked is gone.
    .catch(() => undefined)
}

async function replyTo(request: ZapParsed): Promise<ZapReply> {
  if ('wrong' in request) return malformed(request.wrong, request.domain)
  const judge = judges.get(request.domain)
  if (judge === undefined) return { status: 400, text: 'no authenticator has this domain' }
  try {
    return await judge.judge(request)
  } catch {
    return { status: 500, text: 'the authenticator failed' }
  }
}

function malformed(why: string, domain: string): ZapReply {
  judges.get(domain)?.malformed(why)
  return { status: 500, text: `this is no request of ZAP 1.0: ${why}` }
}
