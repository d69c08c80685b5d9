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
