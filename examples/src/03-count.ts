/**
 * The actor of 03-actor-pipe.ts, in a module of its own: what runs in another process is named, not sent.
 */
import type { Pipe } from '@troupe/actors/actor'

/** Answers each message with the number of its letters, until it is told to stop. */
export async function count(pipe: Pipe): Promise<void> {
  for await (const message of pipe) await pipe.send(`${String(message).length} letters`)
}
