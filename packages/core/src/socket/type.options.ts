/**
 * The options of each socket type: those that its direction has, and libzmq's that this type alone understands.
 */
import { z } from 'zod'
import { DuplexOptions, ReceivingOptions, SendingOptions } from './socket.options.js'

const isRoutingId = ({ length, 0: first }: Uint8Array): boolean => length > 0 && length < 256 && first !== 0
const bytes = z.union([z.string(), z.instanceof(Uint8Array)])

/** ZMQ_CONFLATE: only the last message is kept, of one part; no high-water mark applies. Default false. */
const conflate = z.boolean().optional()
/** ZMQ_ROUTING_ID: by what a router knows this socket, 1 to 255 bytes. Default: the router makes one up for each connection. */
const routingId = bytes
  .refine((id) => isRoutingId(Buffer.from(id as string)), 'must have 1 to 255 bytes and not begin with a zero')
  .optional()
/** ZMQ_PROBE_ROUTER: an empty message goes to each new peer, which must be a router. Default false. */
const probeRouter = z.boolean().optional()
/**
 * An empty frame is put before each message, and expected: as requests and replies do, so that a dealer or a router can
 * speak with them. Default false.
 */
const delimiter = z.boolean().default(false)

/**
 * Many messages travel as one frame, in the format of docs/wire/packed.md; both ends must say so. Messages of one frame
 * only. Default false.
 */
const packed = z.boolean().default(false)

export const PushOptions = SendingOptions.extend({ conflate, packed })
export type PushOptions = z.input<typeof PushOptions>

export const PullOptions = ReceivingOptions.extend({ conflate, packed })
export type PullOptions = z.input<typeof PullOptions>

/** What a request or a reply does with a send or a receive that is not its turn. */
const outOfOrder = z.enum(['ignore', 'throw']).default('ignore')

export const RequestOptions = DuplexOptions.extend({
  routingId,
  probeRouter,
  outOfOrder,
  /** ZMQ_REQ_CORRELATE: a number goes with each request, and a reply without it is dropped. Default false. */
  correlate: z.boolean().optional(),
  /** ZMQ_REQ_RELAXED: a request may be sent while the reply to the last is still out; that reply is then dropped. Default false. */
  relaxed: z.boolean().optional(),
})
export type RequestOptions = z.input<typeof RequestOptions>

export const ReplyOptions = DuplexOptions.extend({ routingId, outOfOrder })
export type ReplyOptions = z.input<typeof ReplyOptions>

/** Requests and replies know no packs. */
const isSpeakable = ({ packed, delimiter }: { packed: boolean; delimiter: boolean }) => !(packed && delimiter)
const unspeakable = { path: ['packed'], message: 'a packed socket has no delimiter' }

export const DealerOptions = DuplexOptions.extend({ routingId, probeRouter, conflate, delimiter, packed }).refine(
  isSpeakable,
  unspeakable,
)
export type DealerOptions = z.input<typeof DealerOptions>

export const RouterOptions = DuplexOptions.extend({
  routingId,
  probeRouter,
  delimiter,
  packed,
  /**
   * ZMQ_ROUTER_MANDATORY: a message to a peer that is not there, or has no room for it, is refused with `UNROUTABLE` or
   * `QUEUE_FULL`; else it is dropped without a word. Default false.
   */
  mandatory: z.boolean().optional(),
  /** ZMQ_ROUTER_HANDOVER: a peer with the routing id of another takes its place; else it is refused. Default false. */
  handover: z.boolean().optional(),
}).refine(isSpeakable, unspeakable)
export type RouterOptions = z.input<typeof RouterOptions>

/** ZMQ_INVERT_MATCHING: messages go to those that did not subscribe to them; both ends must say so. Default false. */
const invertMatching = z.boolean().optional()
/**
 * The topics that are spoken of, by their prefixes, each with the schema of its messages; the longest prefix counts. A
 * message then has its topic in a frame of its own, before what it says.
 */
const topics = z
  .record(
    z.string(),
    z.custom<z.ZodType>(
      (value) => typeof (value as z.ZodType | null)?.safeParse === 'function',
      'must be a zod schema',
    ),
  )
  .optional()
/** Messages have their topic in a frame of its own, and are received with it. Default false; `topics` say so too. */
const topicFrame = z.boolean().optional()

const publishing = {
  topics,
  invertMatching,
  /**
   * ZMQ_XPUB_NODROP: a send waits while one of the subscribers has no room. Else what is sent meanwhile is dropped for it;
   * `stats.dropped` tells how often that began. Default false.
   */
  noDrop: z.boolean().optional(),
  /** The last message of each topic is kept and given to each new subscriber of it. Default false. */
  lastValueCache: z.boolean().optional(),
  /** Of how many topics; that which was sent longest ago is forgotten first. */
  lastValueTopics: z.number().int().positive().default(1_000),
}

interface Given {
  readonly schema?: unknown
  readonly topics?: unknown
  readonly topicFrame?: boolean | undefined
  readonly conflate?: boolean | undefined
  readonly invertMatching?: boolean | undefined
  readonly lastValueCache?: boolean | undefined
  readonly manual?: boolean | undefined
  readonly verbosity?: string | undefined
}

/** Options that contradict each other. */
const CONTRARY: readonly (readonly [option: keyof Given, other: keyof Given, why: string])[] = [
  ['topics', 'schema', 'each topic has its own'],
  ['conflate', 'topics', 'a conflated message has one frame'],
  ['conflate', 'topicFrame', 'a conflated message has one frame'],
  ['conflate', 'lastValueCache', 'a conflated message has one frame'],
  ['lastValueCache', 'invertMatching', 'a last value goes to those that subscribe to it'],
  ['lastValueCache', 'manual', 'it decides on the subscriptions itself'],
  ['verbosity', 'manual', 'all subscriptions are told'],
  ['verbosity', 'lastValueCache', 'all subscriptions are told'],
]

function agrees(options: Given, context: z.RefinementCtx): void {
  const isSet = (option: keyof Given) => options[option] !== undefined && options[option] !== false
  for (const [option, other, why] of CONTRARY) {
    if (isSet(option) && isSet(other)) {
      context.addIssue({ code: 'custom', path: [option], message: `cannot be with ${other}: ${why}` })
    }
  }
}

export const PublisherOptions = SendingOptions.extend({ ...publishing, conflate }).superRefine(agrees)
export type PublisherOptions = z.input<typeof PublisherOptions>

export const XPublisherOptions = DuplexOptions.extend({
  ...publishing,
  /**
   * Which subscriptions are told. ZMQ_XPUB_VERBOSE (`subscriptions`): also those that another peer has made before.
   * ZMQ_XPUB_VERBOSER (`all`): also the ends of those that another peer still has. Default, `unique`: the first and the
   * last of each. With `manual` and `lastValueCache` all are told.
   */
  verbosity: z.enum(['unique', 'subscriptions', 'all']).optional(),
  /** ZMQ_XPUB_MANUAL: a subscription counts only once `accept` is called for it, and all are told. Default false. */
  manual: z.boolean().optional(),
  /** ZMQ_XPUB_WELCOME_MSG: the first message to each new peer, which gets it if it has subscribed to it. Default: none. */
  welcomeMessage: bytes.optional(),
}).superRefine(agrees)
export type XPublisherOptions = z.input<typeof XPublisherOptions>

export const SubscriberOptions = ReceivingOptions.extend({ topics, topicFrame, invertMatching, conflate }).superRefine(
  agrees,
)
export type SubscriberOptions = z.input<typeof SubscriberOptions>

export const XSubscriberOptions = DuplexOptions.extend({ topics, topicFrame }).superRefine(agrees)
export type XSubscriberOptions = z.input<typeof XSubscriberOptions>
