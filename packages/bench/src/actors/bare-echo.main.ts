/**
 * The other end of a bare process or thread: 0 is a cast, what else comes a question.
 */
import { parentPort } from 'node:worker_threads'

const say = (message: unknown) => (parentPort === null ? process.send?.(message) : parentPort.postMessage(message))
let casts = 0

;(parentPort ?? process).on('message', (message: number) => {
  if (message === 0) casts++
  else say(message + casts)
})
say('hello')
