/**
 * The programs that a page shows. A block of code that begins with `// NAME` and a suffix of TypeScript or JavaScript
 * is the file of that name; the files of one page lie in one folder. A file is a program when it does something, and
 * not only defines. What follows `//` behind a console.log is what that prints; with several lines, with commas between.
 */
import { parseSync } from 'oxc-parser'

export interface PageFile {
  readonly name: string
  readonly text: string
  readonly isProgram: boolean
  /** What it says that it prints; undefined if it says nothing. */
  readonly prints: string | undefined
}

export function programsOf(page: string): PageFile[] {
  const blocks = page.matchAll(/^```\w+\n(\/\/ ([\w-]+\.m?[jt]s)\b.*\n(?:(?!```).*\n)*)```$/gm)
  return [...blocks].map(([, text = '', name = '']) => {
    const { program, errors } = parseSync(name, text)
    if (errors.length > 0) throw new Error(`${name}: ${errors[0]?.message}`)
    const comments = [...text.matchAll(/console\.log\(.*\) \/\/ (.+)$/gm)].map(([, comment]) => comment)
    return {
      name,
      text,
      isProgram: program.body.some(({ type }) => !type.endsWith('Declaration')),
      prints: comments.length > 0 ? comments.join(', ') : undefined,
    }
  })
}
