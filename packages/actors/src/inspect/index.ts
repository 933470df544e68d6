export { MermaidOptions, toMermaid } from './mermaid.js'
