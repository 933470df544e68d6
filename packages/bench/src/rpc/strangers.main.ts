/**
 * A process of strangers: they try to connect to a service by keys that it does not trust, so many a second, while they are told to.
 */
import { Certificate } from '@troupe/core'
import { Dealer } from 'zeromq'
import type { Place } from './troupe.js'

const EVERY_MS = 10
const [, , address = '', perSecond = ''] = process.argv
const { endpoint, server } = JSON.parse(address) as Place
const { publicKey, secretKey } = Certificate.generate()
const options = { curvePublicKey: publicKey, curveSecretKey: secretKey!, curveServerKey: server, linger: 0 }

let refused = 0
let timer: NodeJS.Timeout | undefined

async function attempt(): Promise<void> {
  const socket = new Dealer(options)
  const { events } = socket
  socket.connect(endpoint)
  for await (const { type } of events) {
    if (type === 'handshake') throw new Error('a stranger was let in')
    if (type !== 'handshake:error:auth') continue
    refused++
    break
  }
  socket.close()
}

function begin(): void {
  let [last, owed] = [performance.now(), 0]
  timer = setInterval(() => {
    const now = performance.now()
    owed += ((now - last) * Number(perSecond)) / 1_000
    last = now
    for (; owed >= 1; owed--) void attempt()
  }, EVERY_MS)
}

process.on('disconnect', () => process.exit())
process.on('message', (told) => {
  if (told === 'begin') {
    refused = 0
    begin()
  } else {
    clearInterval(timer)
    process.send?.(refused)
  }
})
process.send?.('ready')
