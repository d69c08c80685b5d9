import type { KvEvent } from '@signalbox/kv-events'
import type { KvEventNotice } from '@signalbox/node'

/** Columns of the table; the last is left ragged. */
const WIDTHS = [9, 12, 8, 7, 7, 6, 16] as const

export const eventHeader = row(['sequence', 'time', 'event', 'blocks', 'tokens', 'medium', 'adapter', 'hashes'])

/** The lines of a notice for a terminal: one an event, and one for what is lost, void or unreadable. */
export function eventLines(notice: KvEventNotice): string[] {
  switch (notice.kind) {
    case 'batch': {
      const { ts, events, unknownEvents } = notice.batch
      const place = [String(notice.sequence), timeOf(ts)]
      const lines = events.map((event) => row([...place, ...cellsOf(event)]))
      return unknownEvents === 0 ? lines : [...lines, row([...place, `${unknownEvents} of an unknown type`])]
    }
    case 'gap': {
      const { from, to } = notice.missing
      return [row([from === to ? String(from) : `${from}-${to}`, '', 'missing', '', '', '', '', 'lost, and not to be had again'])]
    }
    case 'restart':
      return [row(['', '', 'restart', '', '', '', '', 'the engine began anew: its cache was empty'])]
    case 'broken':
      return [row(['', '', 'broken', '', '', '', '', notice.message])]
    case 'replayed':
      return []
    default:
      return notice satisfies never
  }
}

/** The notice as one line of JSON; hashes are decimal text, since they have 64 bits. */
export function eventJson(notice: KvEventNotice): string {
  const object = notice.kind === 'batch' ? { kind: notice.kind, ...withoutBatch(notice), ...notice.batch } : notice
  return JSON.stringify(object, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}

function withoutBatch({ origin, topic, sequence }: KvEventNotice & { kind: 'batch' }): object {
  return { origin, topic, sequence }
}

function cellsOf(event: KvEvent): string[] {
  if (event.type === 'cleared') return ['cleared']
  const { hashes, medium = '', type } = event
  const hex = hashes.map((hash) => hash.toString(16).padStart(16, '0'))
  const shown = hex.length > 3 ? `${hex[0]} ... ${hex.at(-1)}` : hex.join(' ')
  if (event.type === 'removed') return [type, String(hashes.length), '', medium, '', shown]
  const parent = event.parent === undefined ? '' : ` after ${event.parent.toString(16).padStart(16, '0')}`
  const adapter = event.adapter ?? (event.adapterId === undefined ? '' : `#${event.adapterId}`)
  return [type, String(hashes.length), String(event.tokens.length), medium, adapter, shown + parent]
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, column) => (column < WIDTHS.length ? cell.padEnd(WIDTHS[column] as number) : cell))
    .join('  ')
    .trimEnd()
}

/** Within the day, in UTC; publishers may say anything. */
function timeOf(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? '?' : date.toISOString().slice(11, 23)
}
