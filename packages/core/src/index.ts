export { BackoffOptions, backoffDelayMs } from './backoff.js'
export { type Clock, SimulatedClock, systemClock } from './clock.js'
export { assertWaitOptions, type Waiter, type WaitOptions, waiting, within } from './deadline.js'
export { type Deferred, deferred } from './deferred.js'
export {
  assertSafeEndpoint,
  type End,
  type Endpoint,
  InsecureEndpointError,
  InvalidEndpointError,
  isLocalAddress,
  parseEndpoints,
} from './endpoint.js'
export { type ErrorData, errorData, errorFrom } from './error-data.js'
export {
  AbortedError,
  ClosedError,
  InvalidOptionsError,
  TimeoutError,
  TROUPE_ERROR_CODES,
  TroupeError,
  type TroupeErrorCode,
  type TroupeErrorOptions,
} from './errors.js'
export { LazyAbort } from './lazy-abort.js'
export {
  Lifecycle,
  type LifecycleResource,
  type LifecycleState,
} from './lifecycle/lifecycle.js'
export { lifecycleMachine } from './lifecycle/lifecycle.machine.js'
export { type Logger, resolveLog } from './log.js'
export { CODEC_NAMES, type Codec, type CodecName, codecOf, type Frames, partsOf } from './message/codec.js'
export { InvalidMessageError } from './message/invalid-message-error.js'
export { PackedFormat, type Unwrap } from './message/packed-format.js'
export {
  type Came,
  type Format,
  MessageFormat,
  type MessageOptions,
  NOTHING,
  type Received,
  type Sent,
} from './message/schema.js'
export { parseOptions } from './options.js'
export { PacedWarnings } from './paced-warnings.js'
export {
  type PrivateEndpoint,
  type PrivatePath,
  privateEndpoint,
  privateFolder,
  privatePath,
} from './private-folder.js'
export {
  AuthenticatorOptions,
  type AuthenticatorStats,
  type DenialReason,
  ZMQAuthenticator,
} from './security/authenticator.js'
export { Certificate, type CertificateKeys, type CertificateMetadata } from './security/certificate.js'
export { CertificateError } from './security/certificate-error.js'
export { CertificateStore } from './security/certificate-store.js'
export type { Identity } from './security/identity.js'
export { Keyring } from './security/keyring.js'
export { ownCertificate, theOneOf } from './security/read-security.js'
export { isSameSecret } from './security/same-secret.js'
export { CurveSecurity, curveSecurity, Security } from './security/security.options.js'
export { openTrust, Trust } from './security/trust.js'
export { noticeDepartures } from './socket/departures.js'
export type { HandshakeFailure, MonitorEvent } from './socket/event-feed.js'
export { ZMQMonitor } from './socket/monitor.js'
export { type Address, type Addressed, PackedSender } from './socket/packed-sender.js'
export { type PolledSocket, ZMQPoller } from './socket/poller.js'
export { ProxyOptions, type ProxyStats, type ProxyTraffic, ZMQProxy } from './socket/proxy.js'
export { Receiver, type ReceiverParts } from './socket/receiver.js'
export { Sender, type SenderParts } from './socket/sender.js'
export { EndpointInUseError, reopen, type SocketStats, ZMQSocket } from './socket/socket.js'
export { DuplexOptions, ReceivingOptions, SendingOptions, SocketOptions } from './socket/socket.options.js'
export {
  canSendToDecided,
  decideSubscription,
  sendToDecided,
  sendToOthers,
  subscribe,
  unsubscribe,
} from './socket/subscriptions.js'
export {
  DealerOptions,
  PublisherOptions,
  PullOptions,
  PushOptions,
  ReplyOptions,
  RequestOptions,
  RouterOptions,
  SubscriberOptions,
  XPublisherOptions,
  XSubscriberOptions,
} from './socket/type.options.js'
export { systemReason } from './system-reason.js'
