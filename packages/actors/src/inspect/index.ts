export { FarmSnapshot, farmInspection } from './farm-inspection.js'
export { formatTree } from './format-tree.js'
export { MermaidOptions, toMermaid } from './mermaid.js'
export { type TreeNode, treeOf } from './tree-of.js'
