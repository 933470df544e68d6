/**
 * A service in TypeScript, called from Python by 21-python.py: its client was written from docs/wire/rpc.md alone. Where its
 * Python modules are missing, it says how to get them, and ends with status 2.
 *
 * Run: node examples/dist/21-python.js
 * Expected output:
 *   python: ACME costs 12.5
 *   python: UNKNOWN_TICKER {'ticker': 'ACMF'}
 *   python: [12.5, 12.75, 13], and no more
 *   node: the stream has ended with its reader
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { contract, procedure, serve } from '@troupe/actors/rpc'
import { z } from 'zod'

// Debian's modules are for its own Python, which need not be the first on the path.
const python = ['/usr/bin/python3', 'python3'].find((one) => spawnSync(one, ['-c', 'import zmq, msgpack']).status === 0)
if (python === undefined) {
  console.error(
    'This example needs Python 3 with pyzmq and msgpack. On Debian: apt install python3-zmq python3-msgpack',
  )
  process.exit(2)
}

const Ticker = z.object({ ticker: z.string() })
const pricing = contract('pricing', {
  procedures: {
    quote: procedure({ input: z.string(), output: z.number(), errors: { UNKNOWN_TICKER: Ticker } }),
    ticks: procedure({ input: z.string(), stream: { out: z.number() } }),
  },
})

await using service = await serve(
  pricing,
  {
    quote(ticker, { error }) {
      if (ticker === 'ACME') return 12.5
      throw error('UNKNOWN_TICKER', { ticker })
    },
    async *ticks() {
      try {
        for (let price = 12.5; ; price += 0.25) yield price
      } finally {
        console.log('node: the stream has ended with its reader')
      }
    },
  },
  { endpoint: 'tcp://127.0.0.1:!' },
)

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const client = spawn(python, [file('../src/21-python.py'), service.endpoint], {
  env: { ...process.env, PYTHONPATH: file('../../packages/interop/python') },
  stdio: 'inherit',
})
await once(client, 'exit')
