/**
 * What the tests of the documentation read in a Markdown file: code blocks, links, and the anchors of its headings.
 */

export interface CodeBlock {
  /** What stands behind the opening fence: `yaml`, `console`. */
  readonly language: string
  /** The file that it is, where the line before the block is nothing but its name in backquotes and a colon. */
  readonly file: string | undefined
  readonly text: string
  /** Index of the first line of `text` in the document. */
  readonly firstLine: number
}

const FENCE = /^```(.*)$/
const FILE_NAME = /^`([^`]+)`:$/

export function codeBlocks(markdown: string): CodeBlock[] {
  const lines = markdown.split('\n')
  const blocks: CodeBlock[] = []
  for (let at = 0; at < lines.length; at++) {
    const language = FENCE.exec(lines[at]!)?.[1]
    if (language === undefined) continue
    const end = lines.indexOf('```', at + 1)
    if (end < 0) throw new Error(`the code block on line ${at + 1} has no end`)
    const before = lines.slice(0, at).findLast((line) => line !== '')
    const text = lines
      .slice(at + 1, end)
      .map((line) => `${line}\n`)
      .join('')
    blocks.push({ language, file: FILE_NAME.exec(before ?? '')?.[1], text, firstLine: at + 1 })
    at = end
  }
  return blocks
}

/** Everything but code blocks and code in a line. */
function prose(markdown: string): string {
  return markdown.replaceAll(/^```.*?^```$/gms, '').replaceAll(/`[^`\n]*`/g, '`')
}

/** Targets of links and pictures as they are written. */
export function linkTargets(markdown: string): string[] {
  return [...prose(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!)
}

/** The anchors that headings get: lower case, without punctuation, hyphens for spaces. */
export function anchors(markdown: string): Set<string> {
  const found = new Set<string>()
  const headings = markdown.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#+ (.+)$/gm)
  for (const [, heading] of headings) {
    const slug = heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
    let anchor = slug
    for (let copy = 1; found.has(anchor); copy++) anchor = `${slug}-${copy}`
    found.add(anchor)
  }
  return found
}
