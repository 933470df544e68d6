/**
 * What a way to call procedures is to the scenarios. Server and clients are in processes of their own, which end without
 * more ado: nothing is closed, so nothing may outlive its process.
 */
import type { Message } from './message.js'

export interface RpcClient {
  /** Calls the echo. */
  call(question: Message): Promise<Message>
  /** Reads messages 0 to `count` - 1 of a stream of the server; resolves at its end. */
  read?(count: number, take: (message: Message) => void): Promise<void>
}

export interface Rpc {
  /** Serves as long as the process lives; resolves with what a client needs to find it. */
  serve(): Promise<string>
  /** Opens a client with a connection of its own. */
  connect(address: string): Promise<RpcClient>
}

export interface RpcContender {
  readonly name: string
  /** Its clients read streams. */
  readonly streams?: boolean
  /** Keeps ten thousand idle clients too. */
  readonly idles?: boolean
  /** Why it cannot run here, if it cannot. */
  missing?(): string | undefined
  /** Loads it, so that no process has the code of others in its memory. */
  open(): Promise<Rpc>
}
