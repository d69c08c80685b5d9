import { shapes } from '@signalbox/replay'

const INDENT = 20
const WIDTH_MAX = 100

/** A name and what it is. */
export type HelpEntry = readonly [name: string, text: string]

/** Names with what they are, for help: texts wrap within the terminal's width, 100 columns at most, and 80 where there is none. */
export function helpList(entries: readonly HelpEntry[], columns = process.stdout.columns ?? 80): string {
  const width = Math.max(INDENT + 20, Math.min(columns, WIDTH_MAX)) - INDENT
  return entries.map(([name, text]) => `  ${name.padEnd(INDENT - 3)} ${wrapped(text, width).join(`\n${' '.repeat(INDENT)}`)}`).join('\n')
}

/** Every shape with its parameters and their defaults. */
export function shapeHelp(columns?: number): string {
  const entries = [...shapes].flatMap(([name, { title, parameters }]): HelpEntry[] => {
    const list = [...parameters].map(([parameter, { default: byDefault }]) => `${parameter}=${byDefault}`)
    return [
      [name, title],
      ['', list.join(', ')],
    ]
  })
  return helpList(entries, columns)
}

/** Lines of whole words; a word longer than `width` has a line to itself. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
