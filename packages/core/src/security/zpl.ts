/**
 * As much of ZPL (RFC 4) as a certificate has: sections of `name = value`, indented by four spaces a level.
 */

/** Names as czmq's zconfig takes them. */
export const ZPL_NAME = /^[A-Za-z0-9$\-_@.&+/]+$/

/** A value that ZPL can hold: on one line, and without one of the two quotes. */
export const isZplValue = (value: string): boolean =>
  !/\p{Cc}/u.test(value) && !(value.includes('"') && value.includes("'"))

export type ZplSections = ReadonlyMap<string, ReadonlyMap<string, string>>

/** The values of each section of the first level, by name. Deeper ones and values outside of sections are left out; the last of a name counts. */
export function parseZpl(text: string): ZplSections {
  const sections = new Map<string, Map<string, string>>()
  let section: Map<string, string> | undefined
  for (const line of text.split(/\r?\n/)) {
    const parts = /^( *)([A-Za-z0-9$\-_@.&+/]+)\s*(?:=\s*(.*))?$/s.exec(line)
    if (parts === null) continue
    const [, indent = '', name = '', rest] = parts
    if (indent === '') {
      section = rest === undefined ? (sections.get(name) ?? new Map<string, string>()) : undefined
      if (section !== undefined) sections.set(name, section)
    } else if (indent.length === 4 && rest !== undefined) section?.set(name, textOf(rest))
  }
  return sections
}

export function formatZpl(
  sections: Iterable<readonly [name: string, values: Iterable<readonly [string, string]>]>,
): string {
  let text = ''
  for (const [section, values] of sections) {
    text += `${section}\n`
    for (const [name, value] of values) {
      const quote = value.includes('"') ? "'" : '"'
      text += `    ${name} = ${quote}${value}${quote}\n`
    }
  }
  return text
}

function textOf(rest: string): string {
  const quoted = /^(?:"([^"]*)"|'([^']*)')/.exec(rest)
  return quoted?.[1] ?? quoted?.[2] ?? rest.replace(/#.*$/s, '').trim()
}
