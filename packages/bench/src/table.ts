/**
 * Tables of markdown, and how figures are written in them.
 */

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** All its columns are text, and not the first alone. */
  readonly prose?: boolean
}

/** Text stands left, figures stand right. */
export function renderTable({ head, rows, prose = false }: Table): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => cell(row, column).length)))
  const isText = (column: number) => prose || column === 0
  const align = (text: string, width: number, column: number) =>
    isText(column) ? text.padEnd(width) : text.padStart(width)
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => align(cell(row, column), width, column)).join(' | ')} |`
  const rule = widths.map((width, column) => (isText(column) ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n')
}

/** Three significant figures, with commas: 27,300. */
export function figure(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 2 })
}

export const times = (ratio: number): string => `${figure(ratio)} x`
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

const cell = (row: readonly string[], column: number): string => (row[column] ?? '').replaceAll('|', '\\|')
