import { failure, ok, type Result } from '@signalbox/base'

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
])
const SCHEDULE = /^(.*?)@(\d+)(ms|s|m|)(?:\+(\d+)(ms|s|m|))?$/s

/**
 * Reads one fault as it is written by hand: `key=value`, or `key=value@AFTER` and `key=value@AFTER+FOR` with times in milliseconds, or
 * with `s` or `m` behind them. What looks like a number or a truth value is one. What the key is and takes is the plan's to check.
 */
export function faultOf(text: string): Result<Readonly<Record<string, unknown>>, string> {
  const at = text.indexOf('=')
  if (at < 1) return failure(`${JSON.stringify(text)} is no fault; write key=value, such as stallMs=5000`)
  const key = text.slice(0, at)
  const given = text.slice(at + 1)
  const scheduled = SCHEDULE.exec(given)
  if (scheduled === null) return ok({ [key]: readValue(given) })
  const [, value = '', after = '', afterUnit = '', length, lengthUnit = ''] = scheduled
  const forMs = length === undefined ? {} : { forMs: milliseconds(length, lengthUnit) }
  return ok({ [key]: { value: readValue(value), afterMs: milliseconds(after, afterUnit), ...forMs } })
}

function milliseconds(digits: string, unit: string): number {
  return Number(digits) * (UNITS.get(unit) ?? 1)
}

function readValue(text: string): boolean | number | string {
  if (text === 'true' || text === 'false') return text === 'true'
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}
