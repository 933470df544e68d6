/**
 * What happened, without what is not the same in every run.
 *
 * - Supervisors end a moment before or after what else ends: their ends follow the other events of a step, sorted.
 * - The descendants of a supervisor that was killed end by themselves, all at once, and we kill those whom OTP asks: that
 *   they are gone at the end of the step is compared, and not how.
 */

/** `event - ID N REASON ANCESTORS`, the ancestors as `ID#N`, with commas. */
const END = /^event - (\w+) (\d+) (\w+) ?(.*)$/

interface End {
  readonly text: string
  readonly incarnation: string
  readonly isSupervisor: boolean
  readonly isKilled: boolean
  readonly ancestors: readonly string[]
}

export function canonical(lines: readonly string[]): string[] {
  const seen: string[] = []
  let events: string[] = []
  for (const line of lines) {
    if (line.startsWith('event ')) {
      events.push(line)
    } else {
      // A result closes the events of its step, and the tree or the end of the root follows it.
      seen.push(...canonicalEvents(events), line)
      events = []
    }
  }
  return [...seen, ...canonicalEvents(events)]
}

function canonicalEvents(events: readonly string[]): string[] {
  const ends = events.map(parseEnd)
  const killed = new Set(ends.flatMap((end) => (end?.isSupervisor && end.isKilled ? [end.incarnation] : [])))
  const told = events.flatMap((event, index) => {
    const end = ends[index]
    if (end === undefined) return [{ text: event, last: false }]
    if (end.ancestors.some((ancestor) => killed.has(ancestor))) return []
    return [{ text: end.text, last: end.isSupervisor }]
  })
  const texts = (last: boolean) => told.filter((one) => one.last === last).map(({ text }) => text)
  return [...texts(false), ...texts(true).sort()]
}

function parseEnd(event: string): End | undefined {
  const [, id, n, reason, ancestors] = END.exec(event) ?? []
  if (id === undefined || ancestors === undefined) return undefined
  return {
    text: `event - ${id} ${n} ${reason}`,
    incarnation: `${id}#${n}`,
    isSupervisor: id.startsWith('s'),
    isKilled: reason === 'killed',
    ancestors: ancestors.split(','),
  }
}
