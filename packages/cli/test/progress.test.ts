import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { startProgress } from '../dist/progress.js'
import { progressText, reportText } from '../dist/tally.js'

const tally = { done: 1_200, failed: 3, elapsedMs: 2_000, share: 0.25, restarts: 1, redelivered: 12 }

/** What progress of a kind writes to a terminal. */
function written(kind: 'bar' | 'none', share: number | undefined): string {
  const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 120, rows: 30 })
  const progress = startProgress({ stderr: stderr as never, kind, tally: () => ({ ...tally, share }) })
  progress.tell('a notice')
  progress.end()
  progress.tell('the end')
  return stderr.read().toString()
}

describe('the words of progress', () => {
  it('say how much, how fast, how long still, and what went wrong', () => {
    expect(progressText(tally)).toBe('1,200 done, 3 failed, 602/s, 6 s left, 1 restart')
  })

  it('leave out what is not known and what did not happen', () => {
    expect(progressText({ ...tally, failed: 0, share: undefined, restarts: 0 })).toBe('1,200 done, 600/s')
  })

  it('end with a report', () => {
    expect(reportText(tally)).toBe('1,200 done, 3 failed in 2.0 s (602/s), 1 restart, 12 redelivered')
  })
})

describe('progress on a terminal', () => {
  it('is a bar where the size of the input is known', () => {
    expect(written('bar', 0.25)).toContain('░')
  })

  it('is a count where it is not', () => {
    const text = written('bar', undefined)
    expect(text).not.toContain('░')
    expect(text).toContain('1,200 done')
  })

  it('gives its line to a notice, and goes on below', () => {
    const [before, after] = written('bar', 0.25).split('troupe: a notice\n')
    // It ends by clearing its line.
    expect(before).toMatch(/25% 1,200 done.*2K$/s)
    expect(after).toMatch(/25% 1,200 done.*2Ktroupe: the end\n$/s)
  })

  it('is nothing but notices when it is not wanted', () => {
    expect(written('none', 0.25)).toBe('troupe: a notice\ntroupe: the end\n')
  })
})
