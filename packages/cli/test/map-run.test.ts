import { PassThrough, Readable } from 'node:stream'
import { Farm, type Task } from '@troupe/actors/farm'
import { beforeEach, expect, it } from 'vitest'
import { Checkpoint, goOn } from '../dist/checkpoint.js'
import { Failures } from '../dist/failures.js'
import { LineWriter } from '../dist/line-writer.js'
import { MapOptions } from '../dist/map.options.js'
import { MapRun } from '../dist/map-run.js'
import { folder, linesOf, taskFile } from './troupe.js'

const file = taskFile('several.js')
const { double } = (await import(file)) as { double: Task }

let journal: string
beforeEach(() => {
  journal = folder()
})

/** Runs over the lines of `text` with the journal; `resumed` is called while the run is made ready to go on. */
async function runOver(text: string, drain: AbortSignal, resumed = () => {}): Promise<string[]> {
  await using farm = await Farm.start({ tasks: file, workers: 1, isolation: 'inline', journal })
  const output = new PassThrough()
  const fail = (error: Error) => expect.unreachable(error.message)
  const results = new LineWriter(output, fail)
  const outputs = { output: { stream: output, cutTo: async () => undefined }, errors: undefined }
  const run = new MapRun({
    ...{ farm, task: double, options: MapOptions.parse({}), results, drain, stopped: new AbortController().signal },
    input: { stream: Readable.from([Buffer.from(text)]), bytes: undefined },
    failures: new Failures(undefined, () => {}),
    goOn: async (before) => {
      const note = await goOn(before, outputs, true)
      resumed()
      return { note, checkpoint: new Checkpoint(results, undefined, note) }
    },
  })
  await run.run()
  await results.flush()
  return linesOf(String(output.read() ?? ''))
}

const going = () => new AbortController().signal

it.each(['before it is made ready', 'while it is made ready'])(
  'a run that is to read no more %s ends in order, and can be gone on with',
  async (when) => {
    expect(await runOver('1\n2\n', going())).toEqual(['2', '4'])
    const interrupt = new AbortController()
    if (when.startsWith('before')) interrupt.abort()
    expect(await runOver('1\n2\n3\n', interrupt.signal, () => interrupt.abort())).toEqual([])
    expect(await runOver('1\n2\n3\n', going())).toEqual(['6'])
  },
)
