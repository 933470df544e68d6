/**
 * The options of sockets: libzmq's, in words and with units, and those that Troupe adds. One strict schema each.
 */
import { z } from 'zod'
import type { Logger } from '../log.js'
import { CODEC_NAMES } from '../message/codec.js'
import { Security } from '../security/security.options.js'

const ms = z
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1)
const msOrForever = z
  .number()
  .int()
  .min(-1)
  .max(2 ** 31 - 1)
const count = z
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1)
const sizeOrSystem = z
  .number()
  .int()
  .min(-1)
  .max(2 ** 31 - 1)
const whole = z.number().int().min(0)

/** Options of every socket. What is left out has libzmq's default, where none is named. */
export const SocketOptions = z.strictObject({
  /** What a message must be: the sender validates, the receiver parses. Default: whatever the codec carries. */
  schema: z
    .custom<z.ZodType>((value) => typeof (value as z.ZodType | null)?.safeParse === 'function', 'must be a zod schema')
    .optional(),
  /** How messages are put on the wire. Default: `json` with a schema, `text` without. */
  codec: z.enum(CODEC_NAMES).optional(),
  /** Where the socket logs. Default: silent, or stderr at the level that TROUPE_LOG names. */
  log: z
    .custom<Logger>((value) => typeof (value as Logger | null)?.child === 'function', 'must be a pino logger')
    .optional(),
  /** Encryption and authentication: CURVE by `{ certificate, trust }`, PLAIN, or rules of addresses. Not over inproc. Default: none. */
  security: Security.optional(),
  /** Does not warn when it binds beyond loopback, ipc and inproc without encryption. */
  insecure: z.boolean().default(false),
  /** How many peers may be connected to what it binds over tcp and ipc; more wait a second for a place, are hung up on, and connect again. Default: any. */
  maxConnections: z.number().int().positive().optional(),
  /** ZMQ_LINGER: how long what was accepted may still be sent after `close`, in ms; -1 for ever. libzmq: -1. */
  lingerMs: msOrForever.default(1_000),
  /** ZMQ_MAXMSGSIZE: the largest frame that is taken, in bytes; a peer that sends more is cut off. -1, the default, for any. */
  maxMessageBytes: z.number().int().min(-1).optional(),
  /** ZMQ_IMMEDIATE: queue only to peers that are connected. libzmq's option; default false. */
  immediate: z.boolean().optional(),
  /** ZMQ_IPV6: speak IPv6 too. Default false. */
  ipv6: z.boolean().optional(),
  /** ZMQ_BACKLOG: how many connections may wait to be accepted. Default 100. */
  backlog: count.optional(),
  /** ZMQ_CONNECT_TIMEOUT: the limit of one attempt to connect, in ms; 0, the default, is the system's. */
  connectTimeoutMs: ms.optional(),
  /** ZMQ_RECONNECT_IVL: the wait before a lost connection is tried again, in ms; -1 never. Default 100. */
  reconnectIntervalMs: msOrForever.optional(),
  /** ZMQ_RECONNECT_IVL_MAX: to where that wait may double, in ms; 0, the default, does not double. */
  reconnectMaxIntervalMs: ms.optional(),
  /** ZMQ_HANDSHAKE_IVL: the limit of the ZMTP handshake, in ms; 0 for none. Default 30,000. */
  handshakeTimeoutMs: ms.optional(),
  /** ZMQ_HEARTBEAT_IVL: how often the I/O thread sends a ZMTP PING, in ms; 0, the default, never. */
  heartbeatIntervalMs: ms.optional(),
  /** ZMQ_HEARTBEAT_TIMEOUT: how long after a PING a silent peer is cut off, in ms. Default: the interval. */
  heartbeatTimeoutMs: ms.optional(),
  /** ZMQ_HEARTBEAT_TTL: after how long without traffic the peer shall cut us off, in ms, in steps of 100; 0, the default, never. */
  heartbeatTimeToLiveMs: ms.max(6_553_599).optional(),
  /** ZMQ_TCP_KEEPALIVE: -1, the default, is the system's; 0 off; 1 on. */
  tcpKeepalive: z.union([z.literal(-1), z.literal(0), z.literal(1)]).optional(),
  /** ZMQ_TCP_KEEPALIVE_IDLE, in seconds; -1, the default, is the system's. */
  tcpKeepaliveIdleSeconds: sizeOrSystem.optional(),
  /** ZMQ_TCP_KEEPALIVE_INTVL, in seconds; -1, the default, is the system's. */
  tcpKeepaliveIntervalSeconds: sizeOrSystem.optional(),
  /** ZMQ_TCP_KEEPALIVE_CNT; -1, the default, is the system's. */
  tcpKeepaliveCount: sizeOrSystem.optional(),
  /** ZMQ_TCP_MAXRT: how long unacknowledged data may stay so before the connection is closed, in ms; 0 is the system's. */
  tcpMaxRetransmitTimeoutMs: ms.optional(),
  /** ZMQ_TOS: the type-of-service field of the packets. Default 0. */
  typeOfService: whole.max(255).optional(),
  /** ZMQ_BINDTODEVICE: the network device, as `eth0`, that alone is used; it needs the right to. Default: any. */
  networkDevice: z.string().min(1).optional(),
  /** ZMQ_SOCKS_PROXY: `host:port` of a SOCKS5 proxy through which tcp connections are made. Default: none. */
  socksProxy: z
    .string()
    .regex(/^.+:\d+$/, 'must be host:port')
    .optional(),
  /** ZMQ_AFFINITY: a bit for each I/O thread that may serve the connections; 0, the default, any. */
  ioThreadAffinity: whole.optional(),
})

/** Options of sockets that send. */
export const SendingOptions = SocketOptions.extend({
  /** ZMQ_SNDHWM: how many messages libzmq queues for each peer before a send waits; 0 for no limit. Default 1,000. */
  sendHighWaterMark: count.optional(),
  /** ZMQ_SNDBUF: the kernel's send buffer, in bytes; -1, the default, is the system's. */
  sendBufferBytes: sizeOrSystem.optional(),
  /** How many sends may wait at a time; more are refused with `QUEUE_FULL`. */
  sendQueueLimit: z.number().int().positive().default(65_536),
})

/** Options of sockets that receive. */
export const ReceivingOptions = SocketOptions.extend({
  /** ZMQ_RCVHWM: how many messages libzmq queues from each peer; 0 for no limit. Default 1,000. */
  receiveHighWaterMark: count.optional(),
  /** ZMQ_RCVBUF: the kernel's receive buffer, in bytes; -1, the default, is the system's. */
  receiveBufferBytes: sizeOrSystem.optional(),
  /** What to do with a message that cannot be decoded or does not fit the schema: `skip` counts and logs it, `throw` raises it. */
  onInvalid: z.enum(['skip', 'throw']).default('skip'),
})

/** Options of sockets that do both. */
export const DuplexOptions = SendingOptions.extend(ReceivingOptions.shape)

export type SocketOptions = z.input<typeof SocketOptions>
export type SendingOptions = z.input<typeof SendingOptions>
export type ReceivingOptions = z.input<typeof ReceivingOptions>
export type DuplexOptions = z.input<typeof DuplexOptions>
export type CheckedOptions = z.output<typeof SocketOptions> &
  Partial<z.output<typeof DuplexOptions>> & {
    readonly noDrop?: boolean | undefined
    readonly mandatory?: boolean | undefined
  }

/** libzmq's options by the names that zeromq.js gives them, also those of one type alone, whose schemas are there. */
const ZEROMQ_NAMES = {
  lingerMs: 'linger',
  maxMessageBytes: 'maxMessageSize',
  immediate: 'immediate',
  ipv6: 'ipv6',
  backlog: 'backlog',
  connectTimeoutMs: 'connectTimeout',
  reconnectIntervalMs: 'reconnectInterval',
  reconnectMaxIntervalMs: 'reconnectMaxInterval',
  handshakeTimeoutMs: 'handshakeInterval',
  heartbeatIntervalMs: 'heartbeatInterval',
  heartbeatTimeoutMs: 'heartbeatTimeout',
  heartbeatTimeToLiveMs: 'heartbeatTimeToLive',
  tcpKeepalive: 'tcpKeepalive',
  tcpKeepaliveIdleSeconds: 'tcpKeepaliveIdle',
  tcpKeepaliveIntervalSeconds: 'tcpKeepaliveInterval',
  tcpKeepaliveCount: 'tcpKeepaliveCount',
  tcpMaxRetransmitTimeoutMs: 'tcpMaxRetransmitTimeout',
  typeOfService: 'typeOfService',
  networkDevice: 'interface',
  socksProxy: 'socksProxy',
  ioThreadAffinity: 'affinity',
  sendHighWaterMark: 'sendHighWaterMark',
  sendBufferBytes: 'sendBufferSize',
  receiveHighWaterMark: 'receiveHighWaterMark',
  receiveBufferBytes: 'receiveBufferSize',
  conflate: 'conflate',
  routingId: 'routingId',
  probeRouter: 'probeRouter',
  correlate: 'correlate',
  relaxed: 'relaxed',
  handover: 'handover',
  invertMatching: 'invertMatching',
  manual: 'manual',
  verbosity: 'verbosity',
  welcomeMessage: 'welcomeMessage',
} as const

const VERBOSITIES = { unique: null, subscriptions: 'allSubs', all: 'allSubsUnsubs' } as const

/** The options that were given, as zeromq.js takes them. */
export function zeromqOptions(options: CheckedOptions): Record<string, unknown> {
  const named: Record<string, unknown> = {}
  for (const [ours, theirs] of Object.entries(ZEROMQ_NAMES)) {
    const value = (options as Record<string, unknown>)[ours]
    if (value === undefined) continue
    if (ours === 'verbosity') named[theirs] = VERBOSITIES[value as keyof typeof VERBOSITIES]
    else named[theirs] = value instanceof Uint8Array ? Buffer.from(value) : value
  }
  return named
}
