/**
 * A client of the contract `conformance`, which plays the scenarios that it reads: the README has what they are.
 */
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '@troupe/actors/rpc'
import { conformance } from './contract.mjs'

/** It does not try a call again: also not that of a server that was lost. */
const once = {
  ...conformance,
  procedures: Object.fromEntries(
    Object.entries(conformance.procedures).map(([name, spec]) => [name, { ...spec, idempotent: false }]),
  ),
}

async function* source({ in: items = [], inEveryMs, inFails }) {
  for (const item of items) {
    yield item
    if (inEveryMs !== undefined) await sleep(inEveryMs)
  }
  if (inFails) throw new Error('the source has failed')
}

async function outcomeOf(client, call) {
  const outcome = {}
  try {
    await made(client, call, outcome)
  } catch (error) {
    outcome.error = shownError(error)
  }
  return outcome
}

/** Makes a call, and writes what comes of it. */
async function made(client, call, outcome) {
  const { procedure, input, timeoutMs = 0, cancelAfterMs, metadata, take } = call
  const { stream } = conformance.procedures[procedure]
  const signal = cancelAfterMs === undefined ? undefined : AbortSignal.timeout(cancelAfterMs)
  const options = { timeoutMs, ...(signal && { signal }), ...(metadata && { metadata }) }
  const given = stream?.in === undefined ? [input, options] : [input, source(call), options]
  const result = client[procedure](...given)
  if (stream?.out === undefined) {
    outcome.output = shown(await result)
    return
  }
  outcome.items = []
  if (take === 0) return void (await result.return())
  for await (const item of result) {
    outcome.items.push(shown(item))
    if (outcome.items.length === take) break
  }
}

const shown = (value) => (value instanceof Uint8Array ? { $bytes: Buffer.from(value).toString('base64') } : value)

const shownError = ({ code, wireCode = code, kind, data, retryable, notRun }) => ({
  ...{ code: wireCode, kind, data, retryable, notRun },
})

async function played({ endpoint, encoding, together, calls }) {
  const client = connect(once, { endpoints: [endpoint], codec: encoding })
  try {
    if (together) return await Promise.all(calls.map((call) => outcomeOf(client, call)))
    const outcomes = []
    for (const call of calls) outcomes.push(await outcomeOf(client, call))
    return outcomes
  } finally {
    await client.close()
  }
}

for await (const line of createInterface(process.stdin)) {
  console.log(JSON.stringify({ outcomes: await played(JSON.parse(line)) }))
}
