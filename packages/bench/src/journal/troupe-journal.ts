/**
 * Our farm with a journal: each round is a run of its own in the one journal.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Farm } from '@troupe/actors/farm'
import type { Contender } from '../contender.js'
import { TASKS } from '../contenders/troupe.js'
import { pointsTo, Tally } from '../point.js'

export const troupeJournal: Contender = {
  name: 'troupe farm with a journal',
  abilities: {
    validates: 'both ends',
    map: 'in input order, each result written before it is given',
    deadWorker: 'is replaced, and its tasks run elsewhere',
  },
  async start({ task, workers }) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-journal-'))
    const tasks = new URL('../contenders/troupe.tasks.js', import.meta.url)
    const farm = await Farm.start({ tasks, workers, journal: join(folder, 'journal') })
    let rounds = 0
    return {
      async map(count) {
        const tally = new Tally()
        const results = farm.map(TASKS[task], pointsTo(count), { name: `round ${rounds++}` })
        for await (const output of results) tally.take(output)
        return tally
      },
      async stop() {
        await farm.stop()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  },
}
