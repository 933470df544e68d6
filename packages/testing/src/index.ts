export { anyEndpoint, freeAddress, numbers, TRANSPORTS, type Transport, take, WIRES } from './transports.js'
