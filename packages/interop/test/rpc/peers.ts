/**
 * The servers and clients of the conformance contract. Every test of the wire of RPC is of each of them, in each encoding:
 * one that is added here is in all of them. The README has what such a program reads and prints.
 */
import { fileURLToPath } from 'node:url'
import { pythonWith } from '@troupe/testing/python-with'

export interface Peer {
  readonly name: string
  readonly command: readonly string[]
}

const python = pythonWith('zmq', 'msgpack')

/** Why these tests cannot run here; undefined where they can. */
export const missing =
  python === undefined
    ? 'no Python here has pyzmq and msgpack: on Debian, apt install python3-zmq python3-msgpack'
    : undefined

/** A script of ours in Python. It leaves no compiled files behind. */
export const script = (name: string): string[] => [
  python ?? 'python3',
  '-B',
  fileURLToPath(new URL(`../../python/${name}.py`, import.meta.url)),
]

/** A program of ours. */
const ours = (name: string, ...args: string[]): string[] => [
  process.execPath,
  fileURLToPath(new URL(`./programs/${name}.mjs`, import.meta.url)),
  ...args,
]

export const SERVERS: readonly Peer[] = [
  { name: 'the server in Python', command: script('rpc_conformance_service') },
  { name: 'our server', command: ours('server') },
  { name: 'our server with two workers', command: ours('server', '--workers', '2') },
]

export const CLIENTS: readonly Peer[] = [
  { name: 'the client in Python', command: script('rpc_conformance_client') },
  { name: 'our client', command: ours('client') },
]

export const ENCODINGS = ['json', 'msgpack'] as const
export type Encoding = (typeof ENCODINGS)[number]
