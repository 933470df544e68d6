/**
 * The door for modules of actors: what they need to define one, and nothing that takes time to load. What is here is the
 * same as at the door of the actor.
 */
export type { ActorContext, ActorFunction, Peer } from './actor-context.js'
export { type LogicSchemas, type SchemedLogic, withSchemas } from './code.js'
export { type Handler, type HandlerContext, handler } from './handler.js'
export type { DeadLetter, Down, ExitReason, ExitSignal, Notice } from './letter.js'
export type { ModuleExport } from './load-export.js'
export type { Pipe } from './pipe.js'
export { RefusedError } from './refused-error.js'
