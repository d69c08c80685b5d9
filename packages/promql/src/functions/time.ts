import { Labels } from '@signalbox/base'
import type { CallContext } from '../context.ts'
import { type LazySeries, mapValues, mergeEqual, Row, timeAt } from '../series.ts'
import { type Civil, civilFromDays } from './civil.ts'
import { type FunctionDefinition, scalarFunction, vectorFunction } from './signature.ts'

const DAY_SECONDS = 86_400

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
  const change = (row: Row): void => {
    row.dropHistograms()
    const { values } = row
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
      return mergeEqual(input.map((series) => mapValues(series, change, call.unnamed(series))))
    },
    { optional: 1 },
  )
}

function stepSeconds(call: CallContext): Float64Array {
  return Float64Array.from({ length: call.grid.count }, (_, step) => timeAt(call.grid, step) / 1000)
}

/** A selector's samples tell their own time; any other vector's points are as old as the step. */
function timestamp(call: CallContext): LazySeries[] {
  const own = call.sampleTimes(0, 'sampled')
  if (own !== undefined) return mergeEqual(own.map((series) => mapValues(series, () => {}, call.unnamed(series))))
  const seconds = stepSeconds(call)
  const toTime = (row: Row): void => {
    for (let i = 0; i < seconds.length; i++) if (row.hasPoint(i)) row.set(i, seconds[i] as number)
  }
  return mergeEqual(call.vector(0).map((series) => mapValues(series, toTime, call.unnamed(series))))
}

/** When the counter of each of a selector's samples began, in Unix seconds, 0 for unknown; nothing for other vectors. */
function startTimestamp(call: CallContext): LazySeries[] {
  const own = call.sampleTimes(0, 'started') ?? []
  return mergeEqual(own.map((series) => mapValues(series, () => {}, call.unnamed(series))))
}

/** A constant of the whole query, in seconds. */
function ofQuery(name: string, milliseconds: (call: CallContext) => number): FunctionDefinition {
  return scalarFunction(name, [], (call) => new Float64Array(call.grid.count).fill(milliseconds(call) / 1000), { experimental: true })
}

export const timeFunctions: readonly FunctionDefinition[] = [
  scalarFunction('time', [], stepSeconds),
  vectorFunction('timestamp', ['instant vector'], timestamp),
  vectorFunction('start_timestamp', ['instant vector'], startTimestamp, { experimental: true }),
  ofQuery('start', (call) => call.queryGrid.startMs),
  ofQuery('end', (call) => call.queryGrid.startMs + (call.queryGrid.count - 1) * call.queryGrid.stepMs),
  ofQuery('range', (call) => (call.queryGrid.count - 1) * call.queryGrid.stepMs),
  ofQuery('step', (call) => call.queryGrid.stepMs),
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
