import { serviceMetrics } from '@troupe/actors/prometheus'
import { connect, contract, procedure, serve } from '@troupe/actors/rpc'
import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { exposed, readingOf } from './exposed.js'

const shop = contract('shop', { procedures: { price: procedure({ input: z.string(), output: z.number() }) } })

it('the metrics of a service are its stats at the time of the scrape', async () => {
  const register = new Registry()
  const price = (what: string) => {
    if (what === '') throw new Error('nothing')
    return what.length
  }
  await using service = await serve(shop, { price }, { endpoint: 'tcp://127.0.0.1:!' })
  await using client = connect(shop, { endpoints: [service.endpoint] })
  const end = serviceMetrics(service, { register, labels: { service: 'shop' } })
  for (const what of ['a', 'bc', '']) await client.price(what).catch(() => undefined)
  const families = await exposed(register)
  const value = (name: string, labels = {}) =>
    readingOf(families, `troupe_service_${name}`, { service: 'shop', ...labels })
  expect(value('calls_total', { outcome: 'done' })).toBe(2)
  expect(value('calls_total', { outcome: 'failed' })).toBe(1)
  expect([value('sessions'), value('workers'), value('calls_running'), value('calls_overloaded_total')]).toEqual([
    ...[1, 0, 0, 0],
  ])
  end()
  expect((await exposed(register)).size).toBe(0)
})
