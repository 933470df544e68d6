export { ZMQDealer } from './dealer.js'
export { type Envelope, ZMQRouter } from './router.js'
