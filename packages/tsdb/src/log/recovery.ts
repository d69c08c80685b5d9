import { Head, type HeadOptions } from '../head.ts'
import type { Disk } from '../ports.ts'
import type { Readership } from '../samples/grace-queue.ts'
import { FRAME_SCRAPE, FRAME_SERIES, type FrameDamage, readFrames, SEGMENT } from './frame.ts'
import { readScrape, readSeries } from './records.ts'
import { readSnapshot } from './snapshot.ts'
import { segmentName } from './write-ahead-log.ts'

/** What was found wrong with a file when the store was opened. */
export interface FileDamage {
  readonly file: string
  /** Where in the file; everything before it was used. */
  readonly offset: number
  readonly code: FrameDamage['code'] | 'name' | 'footer'
}

export interface Recovered {
  readonly head: Head
  readonly damage: readonly FileDamage[]
  /** Samples of series that no frame tells of, or that the store's limit left out. */
  readonly orphans: number
}

interface RecoveryOptions extends HeadOptions {
  readonly floorMs: number
  /** Who reads the head in other threads. */
  readonly readership: Readership
}

/** The numbers of files with such names, ascending. */
export function numbersOf(names: readonly string[], ending: '.wal' | '.snapshot'): readonly number[] {
  return names
    .filter((name) => name.endsWith(ending) && /^\d{8,15}\.[a-z]+$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b)
}

/**
 * The head as the newest sound snapshot and the log say. Samples before `floorMs`, the end of the last block, are left out. Never fails:
 * what cannot be read is told of in `damage`. A segment that ends within a frame is not damage where it is the last one: that is how a
 * killed process leaves it.
 */
export function recoverHead(disk: Disk, names: readonly string[], options: RecoveryOptions): Recovered {
  const damage: FileDamage[] = []
  const snapshots = numbersOf(names, '.snapshot')
  let head = emptyHead(options)
  let from = 0
  for (const number of snapshots.toReversed()) {
    const read = readSnapshot(disk, number, head)
    if (read.ok) {
      from = number
      break
    }
    damage.push({ file: `${String(number).padStart(8, '0')}.snapshot`, ...read.error })
    head = emptyHead(options)
  }
  /** References of series that were dropped and came again. */
  const aliases = new Map<number, number>()
  let orphans = 0
  const segments = numbersOf(names, '.wal').filter((number) => number >= from)
  for (const number of segments) {
    const found = readFrames(disk, { name: segmentName(number), kind: SEGMENT, number }, (type, bytes) => {
      if (type === FRAME_SERIES) {
        const series = readSeries(bytes)
        for (const { ref, labels } of series ?? []) {
          const known = head.restoreSeries(ref, labels)
          if (known !== undefined && known !== ref) aliases.set(ref, known)
        }
        return series !== undefined
      }
      return (
        type === FRAME_SCRAPE &&
        readScrape(bytes, (ref, timestampMs, value) => {
          if (head.place(aliases.size === 0 ? ref : (aliases.get(ref) ?? ref), timestampMs, value) === 'unknown-series') orphans += 1
        })
      )
    })
    if (found !== undefined && !(found.code === 'cut-short' && number === segments.at(-1))) damage.push({ file: segmentName(number), ...found })
  }
  return { head, damage, orphans }
}

function emptyHead(options: RecoveryOptions): Head {
  const head = new Head(options, options.readership)
  head.restoreFloor(options.floorMs)
  return head
}
