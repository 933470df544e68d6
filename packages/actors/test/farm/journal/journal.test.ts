import { LevelJournal, MemoryJournal } from '@troupe/actors/farm'
import { describeJournal } from './journal-conformance.js'
import { temporaryFolder } from './temporary-folder.js'

describeJournal('a journal in memory', () => {
  const journal = new MemoryJournal()
  return { journal: () => journal }
})

describeJournal('a journal in a folder', () => {
  const path = temporaryFolder()
  return { journal: () => new LevelJournal({ path }) }
})
