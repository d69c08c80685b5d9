import { Labels } from '@signalbox/base'
import type { CallContext } from '../context.ts'
import { type LazySeries, mapValues, mergeEqual, Row, timeAt, withoutName } from '../series.ts'
import { type FunctionDefinition, scalarFunction, vectorFunction } from './signature.ts'

const DAY_SECONDS = 86_400

interface Civil {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
}

/** The Gregorian date of a day number from 1970-01-01. SOURCE: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms" (civil_from_days). */
export function civilFromDays(days: number): Civil {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
}

function daysInMonth({ year, month }: Civil): number {
  if (month === 2) return isLeap(year) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function dayOfYear(days: number): number {
  const { year } = civilFromDays(days)
  let first = days - 366
  while (civilFromDays(first).year < year) first++
  return days - first + 1
}

/** A function of a moment in Unix seconds, UTC; without argument of the evaluation time. */
function ofMoment(name: string, apply: (seconds: number, days: number) => number): FunctionDefinition {
  const change = ({ values }: Row): void => {
    for (let i = 0; i < values.length; i++) {
      const seconds = Math.trunc(values[i] as number)
      values[i] = Number.isFinite(seconds) ? apply(seconds, Math.floor(seconds / DAY_SECONDS)) : Number.NaN
    }
  }
  return vectorFunction(
    name,
    ['instant vector'],
    (call) => {
      const input = call.call.args.length === 0 ? [{ labels: Labels.empty, row: () => Row.full(stepSeconds(call)) }] : call.vector(0)
      return mergeEqual(input.map((series) => mapValues(series, change, withoutName(series.labels))))
    },
    { optional: 1 },
  )
}

function stepSeconds(call: CallContext): Float64Array {
  return Float64Array.from({ length: call.grid.count }, (_, step) => timeAt(call.grid, step) / 1000)
}

/** A selector's samples tell their own time; any other vector's points are as old as the step. */
function timestamp(call: CallContext): LazySeries[] {
  const own = call.sampleTimes(0)
  if (own !== undefined) return mergeEqual(own.map((series) => mapValues(series, () => {}, withoutName(series.labels))))
  const seconds = stepSeconds(call)
  return mergeEqual(call.vector(0).map((series) => mapValues(series, (row) => row.values.set(seconds), withoutName(series.labels))))
}

export const timeFunctions: readonly FunctionDefinition[] = [
  scalarFunction('time', [], stepSeconds),
  vectorFunction('timestamp', ['instant vector'], timestamp),
  ofMoment('minute', (seconds) => Math.floor((seconds - Math.floor(seconds / 3600) * 3600) / 60)),
  ofMoment('hour', (seconds, days) => Math.floor((seconds - days * DAY_SECONDS) / 3600)),
  // 1970-01-01 was a Thursday; Sunday is 0.
  ofMoment('day_of_week', (_, days) => (((days + 4) % 7) + 7) % 7),
  ofMoment('day_of_month', (_, days) => civilFromDays(days).day),
  ofMoment('day_of_year', (_, days) => dayOfYear(days)),
  ofMoment('days_in_month', (_, days) => daysInMonth(civilFromDays(days))),
  ofMoment('month', (_, days) => civilFromDays(days).month),
  ofMoment('year', (_, days) => civilFromDays(days).year),
]
