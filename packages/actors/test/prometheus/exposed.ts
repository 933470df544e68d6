/**
 * What a registry exposes, read from its text.
 */
import type { Registry } from 'prom-client'

interface Family {
  readonly type: string
  readonly help: string
  readonly samples: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly value: number
  }[]
}

export async function exposed(register: Registry): Promise<Map<string, Family>> {
  const families = new Map<string, Family>()
  let help = ''
  let last: Family | undefined
  for (const line of (await register.metrics()).split('\n')) {
    const [, word, about = '', text = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (word === 'HELP') help = text
    else if (word === 'TYPE') {
      last = { type: text, help, samples: [] }
      families.set(about, last)
    } else if (line !== '') last!.samples.push(sampleOf(line))
  }
  return families
}

/** The value of a sample, which stands at most once. */
export function readingOf(families: ReadonlyMap<string, Family>, name: string, labels: Record<string, string> = {}) {
  const all = [...families.values()].flatMap(({ samples }) => samples)
  const wanted = Object.entries(labels).sort().join()
  const found = all.filter((one) => one.name === name && Object.entries(one.labels).sort().join() === wanted)
  if (found.length > 1) throw new Error(`${name} stands ${found.length} times`)
  return found[0]?.value
}

function sampleOf(line: string) {
  const parts = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
  if (parts === null) throw new Error(`is no line of Prometheus: ${line}`)
  const [, name = '', labels = '', value = ''] = parts
  const pairs = [...labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text])
  return { name, labels: Object.fromEntries(pairs), value: value === 'Nan' ? Number.NaN : Number(value) }
}
