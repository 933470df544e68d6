/**
 * A crawler that is polite: by its `rate` it begins so many requests in a time, and by their `key` one at a time to each host. The
 * two hosts are servers in this program, which count.
 *
 * Run: node examples/dist/25-crawler.js
 * Expected output:
 *   40 pages, each fetched once
 *   at most 1 request at a time to each host
 *   no faster than 10 in 200 ms
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Farm } from '@troupe/actors/farm'
import { fetchLinks } from './25-pages.js'

const requests: string[] = []
let most = 0
const hosts = await Promise.all([host(), host()])
const linkTo = (n: number) => `http://127.0.0.1:${(hosts[n % 2]!.address() as AddressInfo).port}/${n % 40}`

/** Each page links to the next three, here or there. */
async function host(): Promise<Server> {
  let now = 0
  const server = createServer(async ({ url }, response) => {
    most = Math.max(most, ++now)
    requests.push(url!)
    await sleep(5)
    now--
    const next = [1, 2, 3].map((more) => `<a href="${linkTo(Number(url!.slice(1)) + more)}">more</a>`)
    response.end(next.join('\n'))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server
}

await using farm = await Farm.start({
  ...{ tasks: new URL('./25-pages.js', import.meta.url), workers: 1, concurrency: 8 },
  rate: { limit: 10, perMs: 200 },
})

const seen = new Set<string>()
async function crawl(url: string): Promise<void> {
  if (seen.has(url)) return
  seen.add(url)
  const links = await farm.submit(fetchLinks, url, { key: new URL(url).host })
  await Promise.all(links.map(crawl))
}
const startMs = performance.now()
await crawl(linkTo(0))
const tookMs = performance.now() - startMs

console.log(
  `${seen.size} pages, ${new Set(requests).size === requests.length ? 'each fetched once' : 'some more than once'}`,
)
console.log(`at most ${most} request at a time to each host`)
console.log(`${tookMs >= 600 ? 'no' : 'too'} faster than 10 in 200 ms`)
for (const server of hosts) server.close().closeAllConnections()
