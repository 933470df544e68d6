import type { DuplexOptions } from '@troupe/core'
import { ZMQPair } from '@troupe/pair'
import { anyEndpoint, type Transport } from '@troupe/testing'
import { expect } from 'vitest'

/** Two pairs that are each other's peer: one binds, the other connects. */
export async function pairOf<const Options extends DuplexOptions>(transport: Transport, options?: Options) {
  const here = new ZMQPair(`@${anyEndpoint(transport)}`, options)
  const there = new ZMQPair(await here.endpoint(), options)
  return {
    here,
    there,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([here.close(), there.close()])
    },
  }
}

/** Waits until the pair has noticed that its peer is gone: what it is given then waits. */
export async function alone(pair: ZMQPair): Promise<void> {
  const outcome = () =>
    pair.send('to nobody', { timeoutMs: 30 }).then(
      () => 'sent',
      ({ code }) => code,
    )
  await expect.poll(outcome, { timeout: 10_000 }).toBe('TIMEOUT')
}
