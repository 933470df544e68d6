/**
 * A contract as an AsyncAPI 3.0 document.
 */
import type { ContractDescription, ProcedureDescription } from './describe.js'

/** An AsyncAPI document of a described contract: a channel and an operation for each procedure. */
export function asyncApiOf({ service, version, procedures }: ContractDescription): Readonly<Record<string, unknown>> {
  const entries = Object.entries(procedures)
  return {
    asyncapi: '3.0.0',
    info: {
      title: service,
      version: version ?? '0.0.0',
      description: `Service ${service}, spoken in Troupe's RPC over ZeroMQ (ROUTER and DEALER).`,
    },
    defaultContentType: 'application/msgpack',
    channels: Object.fromEntries(entries.map(([name, one]) => [name, channelOf(name, one)])),
    operations: Object.fromEntries(entries.map(([name, one]) => [name, operationOf(name, one)])),
  }
}

function channelOf(name: string, one: ProcedureDescription) {
  const messages = {
    input: { payload: one.input ?? {} },
    ...(one.in && { itemIn: { payload: one.streamIn ?? {} } }),
    ...(one.out ? { itemOut: { payload: one.streamOut ?? {} } } : { output: { payload: one.output ?? {} } }),
    ...Object.fromEntries(
      Object.entries(one.errors).map(([kind, schema]) => [`error_${kind}`, { name: kind, payload: schema ?? {} }]),
    ),
  }
  return { address: name, messages, ...(one.unwritten && { 'x-unwritten': one.unwritten }) }
}

function operationOf(name: string, one: ProcedureDescription) {
  const message = (key: string) => ({ $ref: `#/channels/${name}/messages/${key}` })
  const kinds = Object.keys(one.errors).map((kind) => message(`error_${kind}`))
  return {
    action: 'receive',
    channel: { $ref: `#/channels/${name}` },
    messages: [message('input'), ...(one.in ? [message('itemIn')] : [])],
    reply: {
      channel: { $ref: `#/channels/${name}` },
      messages: [message(one.out ? 'itemOut' : 'output'), ...kinds],
    },
    'x-idempotent': one.idempotent,
    ...(one.timeoutMs !== null && { 'x-timeout-ms': one.timeoutMs }),
  }
}
