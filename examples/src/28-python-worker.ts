/**
 * A farm whose worker is in Python, 28-python-worker.py: it was written from docs/wire/farm.md alone. Where its Python modules
 * are missing, it says how to get them, and ends with status 2.
 *
 * Run: node examples/dist/28-python-worker.js
 * Expected output:
 *   { a: 3, b: 1, n: 2 }
 *   { a: 3, b: 2, i: 1, l: 1 }
 *   the worker has left
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Farm } from '@troupe/actors/farm'
import { letters } from './28-letters.js'

// Debian's modules are for its own Python, which need not be the first on the path.
const python = ['/usr/bin/python3', 'python3'].find((one) => spawnSync(one, ['-c', 'import zmq, msgpack']).status === 0)
if (python === undefined) {
  console.error(
    'This example needs Python 3 with pyzmq and msgpack. On Debian: apt install python3-zmq python3-msgpack',
  )
  process.exit(2)
}

await using farm = await Farm.start({
  tasks: new URL('./28-letters.js', import.meta.url),
  workers: 0,
  endpoint: 'tcp://127.0.0.1:*',
  joinable: true,
})
const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const worker = spawn(python, [file('../src/28-python-worker.py'), farm.endpoint!], {
  env: { ...process.env, PYTHONPATH: file('../../packages/interop/python') },
  stdio: 'inherit',
})
for await (const counts of farm.map(letters, ['banana', 'alibaba'])) console.log(counts)
worker.kill('SIGTERM')
await once(worker, 'exit')
console.log('the worker has left')
