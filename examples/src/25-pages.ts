/**
 * The task of 25-crawler.ts, in a module of its own that the workers import: fetches a page, and gives its links.
 */
import { task } from '@troupe/actors/farm'
import { z } from 'zod'

export const fetchLinks = task({
  name: 'fetchLinks',
  input: z.url(),
  output: z.array(z.string()),
  retries: 2,
  async run(url, { signal }) {
    const response = await fetch(url, { signal })
    if (!response.ok) throw new Error(`${url}: ${response.status}`)
    const html = await response.text()
    return [...html.matchAll(/href="([^"]+)"/g)].map(([, href]) => new URL(href!, url).href)
  },
})
