export { Actor, type ActorOf } from './actor.js'
export { ActorOptions, InlineActorOptions } from './actor.options.js'
export type { ActorContext, ActorFunction, Peer } from './actor-context.js'
export {
  type ActorCode,
  type ArgsOf,
  type LogicSchemas,
  type MessageOf,
  type ReplyOf,
  type SaidOf,
  type SchemedLogic,
  withSchemas,
} from './code.js'
export {
  ActorExitedError,
  ActorFailedError,
  ActorHungError,
  type Exit,
  LinkBrokenError,
  OutOfMemoryError,
  type ShutdownTime,
  type Supervised,
} from './exit.js'
export { type Handler, type HandlerContext, handler } from './handler.js'
export type { Inspector } from './inspect-option.js'
export type { DeadLetter, DeadLetterReason, Down, ExitReason, ExitSignal, Notice } from './letter.js'
export { loadExport, loadModule, type ModuleExport } from './load-export.js'
export type { WhenFull } from './mailbox.js'
export type { Pipe } from './pipe.js'
export type { Place } from './place.js'
export { RefusedError } from './refused-error.js'
export type { ActorSnapshot } from './snapshot.js'
export { fileJournal, memoryJournal, type SnapshotJournal } from './snapshot-journal.js'
