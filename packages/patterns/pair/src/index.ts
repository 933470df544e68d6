export { ZMQPair } from './pair.js'
