/**
 * What a framework of actors is to the scenarios. All its actors do the same: they count the casts, and answer a question
 * with its number plus that count, so that a message that was lost or handled twice is found.
 */

export interface Subject {
  /** Asks, and resolves with the answer. */
  ask(question: number): Promise<number>
  /** Sends without an answer. */
  cast(): void | Promise<void>
  stop(): void | Promise<void>
}

/** One that is started again when it has crashed. */
export interface Phoenix extends Pick<Subject, 'ask' | 'stop'> {
  /** Makes it crash; resolves when the next incarnation takes questions, or as soon as it cannot know. */
  crash(): Promise<void>
}

export interface World {
  /** Starts one actor, ready for messages. */
  start(): Promise<Subject>
  /** Starts many under one parent. */
  startMany?(count: number): Promise<Subject>
  /** Absent where there is no supervision. */
  startPhoenix?(): Promise<Phoenix>
  /** Resolves when what it keeps ready is ready again, which is not counted. */
  rest?(): Promise<void>
  end(): Promise<void>
}

export type Where = 'inline' | 'thread' | 'process'

export interface ActorContender {
  readonly name: string
  /** Where its actors run. */
  readonly where: Where
  /** Whether it starts what has crashed again. */
  readonly supervises: boolean
  /** Loads it, so that no process has the code of others in its memory. */
  open(): Promise<World>
}
