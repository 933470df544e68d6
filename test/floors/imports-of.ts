/**
 * What a file imports, in whatever way: static, re-export, dynamic, type-only, `import.meta.resolve`, `require`.
 */
import { type CallExpression, type Expression, parseSync, Visitor } from 'oxc-parser'

export interface Imports {
  /** Specifiers as they are written. A dynamic import of something computed is not among them. */
  readonly specifiers: readonly string[]
  /** All string literals: a package may be used by its name, as in `--import tsx`. */
  readonly strings: readonly string[]
}

/** Reads TypeScript and JavaScript. A text that is neither (a test may need one) imports nothing. */
export function importsOf(path: string, text: string): Imports {
  const { program } = parseSync(path, text)
  const specifiers = new Set<string>()
  const strings = new Set<string>()
  const add = (source: { readonly value?: unknown } | null) => {
    if (typeof source?.value === 'string') specifiers.add(source.value)
  }
  new Visitor({
    ImportDeclaration: ({ source }) => add(source),
    ExportAllDeclaration: ({ source }) => add(source),
    ExportNamedDeclaration: ({ source }) => add(source),
    TSImportType: ({ source }) => add(source),
    TSExternalModuleReference: ({ expression }) => add(expression),
    ImportExpression: ({ source }) => add({ value: constant(source) }),
    CallExpression: (call) => {
      const [argument] = call.arguments
      if (loadsModule(call) && argument !== undefined && argument.type !== 'SpreadElement') {
        add({ value: constant(argument) })
      }
    },
    Literal: ({ value }) => {
      if (typeof value === 'string') strings.add(value)
    },
  }).visit(program)
  return { specifiers: [...specifiers], strings: [...strings] }
}

const LOADERS = new Set(['require', 'require.resolve', 'import.meta.resolve'])

const loadsModule = ({ callee }: CallExpression): boolean => LOADERS.has(dotted(callee))

function dotted(node: Expression): string {
  if (node.type === 'Identifier') return node.name
  if (node.type === 'MetaProperty') return `${node.meta.name}.${node.property.name}`
  if (node.type !== 'MemberExpression' || node.computed) return ''
  return `${dotted(node.object)}.${node.property.name}`
}

function constant(node: Expression): string | undefined {
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0]?.value.cooked ?? undefined
  return undefined
}
