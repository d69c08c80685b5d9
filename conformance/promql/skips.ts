/** A case that is known to fail, and why. */
export interface Skip {
  /** Name of the file, without folder. */
  readonly file: string
  /** Line of the `eval`, from 1. */
  readonly line: number
  readonly reason: string
}

/** The list of skips; throws when an entry lacks a field. */
export function parseSkips(text: string): Skip[] {
  const list: unknown = JSON.parse(text)
  if (!Array.isArray(list)) throw new SyntaxError('skips.json must be a list')
  return list.map((entry: unknown, i) => {
    if (typeof entry !== 'object' || entry === null) throw new SyntaxError(`skips.json[${i}] must be an object`)
    const { file, line, reason } = entry as Partial<Record<keyof Skip, unknown>>
    if (typeof file !== 'string' || typeof line !== 'number' || typeof reason !== 'string' || reason === '') {
      throw new SyntaxError(`skips.json[${i}] needs file, line and reason`)
    }
    return { file, line, reason }
  })
}
