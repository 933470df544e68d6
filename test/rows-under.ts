/** The cells of the rows of the table of a page under a heading, which is given with its marks. */
export function rowsUnder(page: string, heading: string): string[][] {
  const [, section = ''] = page.split(`${heading}\n`)
  const rows = section.split(/^#/m)[0]!.match(/^\|.*\|$/gm) ?? []
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}
