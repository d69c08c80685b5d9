/** One numeric parameter of a plug-in; bounds inclusive. */
export interface NumberParameter {
  readonly default: number
  readonly min: number
  readonly max: number
}

/**
 * Reads a plug-in's parameters strictly: an object (or undefined) whose every key is known and every value
 * a number within its bounds. Throws an Error that names the plug-in, the key and what is allowed.
 */
export function readParameters<K extends string>(type: string, raw: unknown, known: Readonly<Record<K, NumberParameter>>): Record<K, number> {
  const names = Object.keys(known) as K[]
  const values = Object.fromEntries(names.map((name) => [name, known[name].default])) as Record<K, number>
  if (raw === undefined) return values
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw new Error(`policy ${type}: parameters must be an object`)
  for (const [name, value] of Object.entries(raw)) {
    if (!isKnown(known, name)) throw new Error(`policy ${type}: unknown parameter ${name}; ${expectation(names)}`)
    const { min, max } = known[name]
    if (typeof value !== 'number' || !(value >= min && value <= max))
      throw new Error(`policy ${type}: ${name} must be a number from ${min} to ${max}, not ${JSON.stringify(value)}`)
    values[name] = value
  }
  return values
}

function isKnown<K extends string>(known: Readonly<Record<K, NumberParameter>>, name: string): name is K {
  return Object.hasOwn(known, name)
}

function expectation(names: readonly string[]): string {
  return names.length === 0 ? 'it takes none' : `it takes ${names.join(', ')}`
}
