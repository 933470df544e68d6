/**
 * Text as it may stand in a Mermaid diagram.
 */

/** Ends a label, begins a comment or a directive, or is markup: all the labels are Markdown, and HTML where it is drawn. */
const SPECIAL = /[#;:%"<>{}[\]*`\\~]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu

/** Escapes what would not be shown as it is, as Mermaid's entities: `#58;` for a colon. One line. */
export function diagramText(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ')
  const escaped = line.replaceAll(SPECIAL, (character) => `#${character.charCodeAt(0)};`)
  // Mermaid takes these two words for an order wherever they stand in a line.
  return escaped.replaceAll(/(direction) (?=TB|BT|RL|LR)/gi, '$1#32;')
}
