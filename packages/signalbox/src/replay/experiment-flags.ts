import { InvalidArgumentError } from 'commander'

/** Reads a whole number from `min` to `max`. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`a whole number from ${min} to ${max}.`)
    return value
  }
}

/** Reads a number from `min` to `max`. */
export function number(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`a number from ${min} to ${max}.`)
    return value
  }
}

/** Reads numbers from `min` to `max` with commas between, each once, in rising order. */
export function numbers(min: number, max: number): (text: string) => readonly number[] {
  const one = number(min, max)
  return (text) => [...new Set(text.split(',').map(one))].sort((a, b) => a - b)
}

/** Reads words with commas between, each once. */
export function names(text: string): readonly string[] {
  const list = [...new Set(text.split(',').map((name) => name.trim()))]
  if (list.includes('')) throw new InvalidArgumentError('names with commas between, none of them empty.')
  return list
}

/** Reads ids of columns with commas between. */
export function columnIds(columns: readonly { readonly id: string }[]): (text: string) => readonly string[] {
  return (text) => {
    const unknown = names(text).filter((id) => !columns.some((column) => column.id === id))
    if (unknown.length > 0) throw new InvalidArgumentError(`there is no column ${unknown.join(', ')}.`)
    return names(text)
  }
}

/** Names with what they are, for help. */
export function helpList(entries: readonly (readonly [string, string])[]): string {
  return entries.map(([name, text]) => `  ${name.padEnd(17)} ${text}`).join('\n')
}

/** The command as it was given, so that a shell takes it back. */
export function commandLine(): string {
  return ['signalbox', ...process.argv.slice(2)].map(quoted).join(' ')
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
