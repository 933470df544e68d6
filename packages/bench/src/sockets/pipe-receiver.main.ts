/**
 * The receiving process of a pipeline: tells when so many messages have come as it was told.
 */
import { pipes } from './pipes.js'

const [, , name] = process.argv
const receiving = await pipes.find((pipe) => pipe.name === name)!.bind()

process.on('message', (count: number) => void receive(count))
process.on('disconnect', () => process.exit())
process.send?.(receiving.address)

async function receive(count: number): Promise<void> {
  for (let left = count; left > 0; ) left -= await receiving.came()
  process.send?.('received')
}
