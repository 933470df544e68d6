/**
 * A process of strangers: they try to connect to a service by keys that it does not trust, so many a second, while they are told to.
 */
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Certificate } from '@troupe/core'
import { Router } from 'zeromq'
import type { Place } from './troupe.js'

const EVERY_MS = 10
const [, , address = ''] = process.argv
/** How long those that are under way may take. */
const SETTLE_MS = 10_000
const { endpoint, server } = JSON.parse(address) as Place
const { publicKey, secretKey } = Certificate.generate()
const options = { curvePublicKey: publicKey, curveSecretKey: secretKey!, curveServerKey: server, linger: 0 }

// One socket makes all connections, of a type of which libzmq makes several to one address. It does not try one again that was refused.
const socket = new Router(options)
let [tried, refused] = [0, 0]
let timer: NodeJS.Timeout | undefined
void count()

async function count(): Promise<void> {
  for await (const { type } of socket.events) {
    if (type === 'handshake') throw new Error('a stranger was let in')
    if (type === 'handshake:error:auth' && ++refused === 1) process.send?.('begun')
  }
}

function begin(perSecond: number): void {
  let [last, owed] = [performance.now(), 0]
  timer = setInterval(() => {
    const now = performance.now()
    owed += ((now - last) * perSecond) / 1_000
    last = now
    for (; owed >= 1; owed--, tried++) socket.connect(endpoint)
  }, EVERY_MS)
}

// Strangers compute on machines of their own: here the others come first.
setPriority(19)
process.on('disconnect', () => process.exit())
/** Tells how many were refused until now, and then when all have been. */
async function end(): Promise<void> {
  clearInterval(timer)
  process.send?.(refused)
  const began = performance.now()
  while (refused < tried && performance.now() - began < SETTLE_MS) await sleep(EVERY_MS)
  process.send?.('all')
}

process.on('message', (told: number | 'end') => {
  if (told === 'end') return void end()
  tried = 0
  refused = 0
  begin(told)
})
process.send?.('ready')
