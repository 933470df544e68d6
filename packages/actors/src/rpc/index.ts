export type { Identity } from '@troupe/core'
export { RefusedError } from '../actor/refused-error.js'
export { asyncApiOf } from './asyncapi.js'
export type { CallContext } from './call-context.js'
export { breakerMachine } from './client/breaker.machine.js'
export {
  type CallStream,
  type Client,
  type ClientControls,
  connect,
  type Method,
  type Outgoing,
} from './client/client.js'
export type { ClientState, ServerState } from './client/client-state.js'
export { CallOptions, ConnectOptions, type EndpointSource } from './client/connect.options.js'
export { upstreamMachine } from './client/upstream.machine.js'
export { type Contract, contract, type ProcedureSpec, procedure } from './contract.js'
export { type ContractDescription, contractFrom, describeContract, type ProcedureDescription } from './describe.js'
export { type AskOptions, describe, everyServer, health } from './every-server.js'
export { type Handlers, type Implementation, type Incoming, implement } from './handlers.js'
export { type LoadedImplementation, loadContract, loadImplementation } from './load-implementation.js'
export { CallError, DeclaredError, type DeclaredErrorOf, isDeclared } from './rpc-errors.js'
export type { Peer } from './server/execution.js'
export type { Middleware, MiddlewareCall } from './server/middleware.js'
export { ServeOptions, ServeWorkersOptions } from './server/serve.options.js'
export type { Health } from './server/server-core.js'
export { type AllServiceStats, type Service, serve } from './server/service.js'
export type { AnySchema, Schema } from './standard.js'
export type { CallEvent } from './tracing.js'
export type { Metadata } from './wire.js'
