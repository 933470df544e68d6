/**
 * Tables of markdown, and how figures are written in them.
 */

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** The first column is text and stands left; the others are figures and stand right. */
export function renderTable({ head, rows }: Table): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => cell(row, column).length)))
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => (column === 0 ? cell(row, column).padEnd(width) : cell(row, column).padStart(width))).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n')
}

/** Three significant figures, with commas: 27,300. */
export function figure(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 2 })
}

export const times = (ratio: number): string => `${figure(ratio)} x`
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

const cell = (row: readonly string[], column: number): string => (row[column] ?? '').replaceAll('|', '\\|')
