/**
 * Real messages of every kind, as our own encoders write them.
 */
import { codecOf, errorData, type Frames, partsOf, TroupeError } from '@troupe/core'
import { FROM_ACTOR, partsOfFrame, TO_ACTOR } from '../../dist/actor/frame.js'
import { pack as packLetter } from '../../dist/actor/packing.js'
import { BINARY_BYTES } from '../../dist/farm/binary-parts.js'
import { entryKey, headerRecord, sealed } from '../../dist/farm/journal/entry-record.js'
import {
  type BODY_ENCODINGS,
  encodeHeader,
  encodeParts,
  FRAME_KINDS,
  type FrameKind,
  listFor,
} from '../../dist/farm/wire.js'
import { encodeFrame, type Item } from '../../dist/rpc/wire.js'
import type { Parts } from './mutation.js'

const VALUES = [
  null,
  7,
  -1.5,
  'text ✓',
  [],
  {
    id: 1,
    at: new Date(1_700_000_000_123),
    never: new Date(Number.NaN),
    none: undefined,
    list: [true, 2 ** 40, 2n ** 60n],
  },
  { bytes: Buffer.from('small'), deep: { deep: { deep: [[[['deep']]]] } } },
  Array.from({ length: 20 }, (_, id) => ({ id, name: `name ${id}`, at: { x: id, y: -id } })),
]
/** What every codec carries. */
const PLAIN = [
  null,
  7,
  'text ✓ "quoted" \\',
  [],
  { a: [1, { b: 'c' }], text: 'x'.repeat(300) },
  [[['deep']], { 'a b': -2.5e9 }],
]

const ERROR = errorData(new TroupeError('TASK_FAILED', 'it failed', { cause: new RangeError('the root of it') }))
const TASKS = {
  firstTicket: 3,
  groups: [{ name: 'double', timeoutMs: 100, attempts: [1, 2, 1], inputs: [1, 2, 3], parts: 8, progress: true }],
}

const BODIES: Readonly<Record<FrameKind, readonly unknown[]>> = {
  HELLO: [
    {
      inbox: 'tcp://127.0.0.1:1',
      pid: 7,
      tasks: [{ name: 'double' }],
      encodings: ['records', 'msgpack'],
      tags: ['gpu'],
      slots: 2,
      host: 'here',
    },
    {
      pid: 1,
      tasks: [{ name: 'a', version: '2', input: 'hash', output: 'hash' }],
      encodings: [],
      control: 'tcp://127.0.0.1:2',
    },
  ],
  WELCOME: [
    {
      encoding: 'msgpack',
      heartbeatMs: 100,
      id: 'w1',
      livenessMs: 500,
      concurrency: 1,
      graceMs: 0,
      maxMessageBytes: 1e6,
      token: 'a token',
    },
  ],
  REFUSED: [{ code: 'GIVEN_UP', message: 'no' }],
  TASKS: [
    TASKS,
    {
      firstTicket: 1,
      groups: VALUES.map((value) => ({ name: 'a', timeoutMs: 0, attempts: null, inputs: [value, value] })),
    },
  ],
  CANCEL: [{ tickets: [1, 2, 3] }],
  CREDIT: [
    {
      allowed: [
        [1, 8],
        [2, 16],
      ],
    },
  ],
  UPDATE: [
    {
      parts: [[1, VALUES]],
      progress: [
        [1, 0.5],
        [2, { done: 1, total: 2, note: 'half' }],
      ],
    },
  ],
  RESULTS: [
    { outputs: [[3, VALUES]], failures: [], busyMs: 1.5, runMs: [[1, [0.5, 2]]] },
    {
      outputs: [],
      failures: [
        [1, { kind: 'thrown', error: ERROR }],
        [2, { kind: 'timeout', timeoutMs: 5, stuck: true }],
        [3, { kind: 'input', why: 'so' }],
        [4, { kind: 'cancelled' }],
      ],
      busyMs: 0,
    },
  ],
  BEAT: [null, { memoryMiB: 50 }],
  BYE: [{}],
  KILL: [{ why: 'so' }],
}
const LARGE = {
  outputs: [[1, [Buffer.alloc(BINARY_BYTES, 1), { deep: [Buffer.alloc(BINARY_BYTES, 2)] }]]],
  failures: [],
  busyMs: 1,
}

export const headerOf = (
  kind: FrameKind,
  run = 'run',
  incarnation = 'incarnation',
  sequence = 1,
  token?: string,
): Uint8Array => encodeHeader({ kind, run, incarnation, sequence, acknowledged: 0, token })

/** Messages of the farm, header and body, by the encoding of the body. */
export const farmMessages = (encoding: (typeof BODY_ENCODINGS)[number]): Parts[] => [
  ...FRAME_KINDS.flatMap((kind) =>
    BODIES[kind].map((body) => [headerOf(kind), ...copies(encodeParts(body, encoding))]),
  ),
  [headerOf('RESULTS', 'run', 'incarnation', 1, 'a token'), ...copies(encodeParts(LARGE, encoding))],
  ...[TASKS.groups, VALUES].map((values) => {
    const rows = values.map((value, id) => ({ id, value }))
    return [
      headerOf('RESULTS'),
      ...copies(encodeParts({ outputs: [[1, listFor(rows, encoding)]], failures: [], busyMs: 0 }, encoding)),
    ]
  }),
]

export const RPC_ITEMS: readonly Item[] = [
  [1, 1, 'kitchen', '1', { maxMessageBytes: 1_000_000 }],
  [
    2,
    1,
    {
      service: 'kitchen',
      contractVersion: null,
      instance: 'i',
      heartbeatMs: 100,
      livenessMs: 500,
      window: 10,
      maxMessageBytes: 1e6,
    },
  ],
  [3, 3, 5],
  [4, 1, 'echo', 5_000, { metadata: { trace: 'x' }, credit: 5 }, { text: 'x', list: [1, 2.5, null] }],
  [4, 2, 'echo', null, null, 'a text'],
  [5, 1, { text: 'answer' }],
  [6, 1, { code: 'FAILED', message: 'no', retryable: false, notRun: true, kind: 'SOLD_OUT', data: { left: 0 } }],
  [7, 3, { tick: 1 }],
  [8, 3],
  [9, 1],
  [10, 'token'],
  [11, 7],
  [12],
  [13, { code: 'VERSION_MISMATCH', message: 'no' }],
]
export const rpcMessages = (encoding: 'msgpack' | 'json', sequence = 1): Parts[] =>
  [...RPC_ITEMS.map((item) => [item]), RPC_ITEMS].map((items) => [copy(encodeFrame(sequence, items, encoding))])

export const ACTOR_MESSAGES: readonly Parts[] = [...Object.values(TO_ACTOR), ...Object.values(FROM_ACTOR)].flatMap(
  (kind) =>
    [...VALUES, { error: ERROR }, { type: 'troupe.down', path: 'a/b', reason: 'killed' }].map((value) =>
      partsOfFrame({ kind, number: 3, body: packLetter(value) }),
    ),
)

export const codecMessages = (name: 'text' | 'json' | 'msgpack'): Parts[] =>
  (name === 'msgpack' ? [...VALUES, ...PLAIN] : name === 'text' ? ['', 'tea ✓'] : PLAIN).map((value) =>
    framesOf(codecOf(name).encode(value)),
  )

export const JOURNAL_RECORDS: readonly Parts[] = [
  { kind: 'accepted', first: 0, count: 5, hash: 'h', place: 3 },
  {
    kind: 'done',
    indexes: [
      [0, 2],
      [5, 1],
    ],
    place: 3,
  },
  { kind: 'failed', index: 4, place: 3 },
  { kind: 'taken', indexes: [[0, 1]], place: 3, note: 'a note' },
].map((entry) => [
  headerRecord(JOURNAL_KEY(), { entry: entry as never, bodySum: 7, previous: 2 }),
  sealed(JOURNAL_KEY(), Buffer.from('body')),
])

export function JOURNAL_KEY(): Buffer {
  return entryKey(1, 3, 0)
}

export const framesOf = (frames: Frames): Parts => partsOf(frames).map((frame) => copy(Buffer.from(frame as string)))

// The encoders' memory is written again by the next.
const copy = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes)
const copies = (parts: Parts): Parts => parts.map(copy)
