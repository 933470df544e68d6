/**
 * docs/lifecycles.md has the diagrams of the code as it is. `npm run diagrams` is this test, told to write them.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { toMermaid } from '@troupe/actors/inspect'
import { breakerMachine, upstreamMachine } from '@troupe/actors/rpc'
import { childMachine } from '@troupe/actors/supervisor'
import { lifecycleMachine } from '@troupe/core'
import { expect, it } from 'vitest'

const PAGE = fileURLToPath(new URL('../../../../docs/lifecycles.md', import.meta.url))
const MACHINES = {
  lifecycle: lifecycleMachine,
  child: childMachine,
  upstream: upstreamMachine,
  breaker: breakerMachine,
}

const page = readFileSync(PAGE, 'utf8')
const PLACES = /(<!-- diagram: (\w+) -->\n)[\s\S]*?(<!-- end of the diagram -->)/g

it('the page of the lifecycles has a place for each machine', () => {
  expect([...page.matchAll(PLACES)].map(([, , name]) => name)).toEqual(Object.keys(MACHINES))
})

it('the diagrams on the page of the lifecycles are those of the code', async () => {
  const drawn = page.replaceAll(PLACES, (_, begin, name: keyof typeof MACHINES, end) => {
    return `${begin}\n\`\`\`mermaid\n${toMermaid(MACHINES[name])}\n\`\`\`\n\n${end}`
  })
  await expect(drawn).toMatchFileSnapshot(PAGE)
})
