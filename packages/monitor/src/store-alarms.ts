import type { DiskState, Log } from './ports.ts'

/** Of damage of one start, what the log names file by file. */
const DAMAGE_LINES_MAX = 10

/** Says in the log what happens to the store's disk: each thing once, when it begins and when it is over. */
export class StoreAlarms {
  readonly #log: Log
  readonly #folder: string
  #isMemoryOnly = false
  #damagedChunks = 0

  constructor(folder: string, log: Log) {
    this.#folder = folder
    this.#log = log
  }

  /** What was found when the store was opened. Alarms of an earlier opening are over. */
  opened(disk: DiskState): void {
    const folder = this.#folder
    this.#isMemoryOnly = false
    this.#damagedChunks = 0
    for (const text of disk.damage.slice(0, DAMAGE_LINES_MAX)) {
      this.#log('error', `the store is damaged: what follows there is lost: ${text}`, { folder })
    }
    if (disk.damage.length > DAMAGE_LINES_MAX) this.#log('error', `the store is damaged in ${disk.damage.length} places`, { folder })
    if (disk.orphans > 0)
      this.#log('error', "samples of the store's log are lost: nothing says of which series they are", { folder, samples: disk.orphans })
    this.observed(disk)
  }

  /** To be called about every second. */
  observed(disk: DiskState): void {
    const folder = this.#folder
    const isMemoryOnly = disk.state === 'memory-only'
    if (isMemoryOnly && !this.#isMemoryOnly) {
      this.#log('error', `the disk takes no samples: they are kept in memory and end with the process until it does: ${disk.error}`, { folder })
    }
    if (!isMemoryOnly && this.#isMemoryOnly) this.#log('info', 'the disk takes samples again; those in memory are written', { folder })
    this.#isMemoryOnly = isMemoryOnly
    if (disk.damagedChunks > this.#damagedChunks) {
      this.#log('error', 'samples of blocks cannot be read and are left out of answers', { folder, chunks: disk.damagedChunks })
    }
    this.#damagedChunks = disk.damagedChunks
  }
}

/** What whoever looks at the fleet should know of the store's disk, in a sentence; undefined: nothing. */
export function storeProblem(disk: DiskState | undefined): string | undefined {
  if (disk === undefined) return undefined
  if (disk.state === 'memory-only') return `The monitor's disk takes no samples; they are in memory and end with the process: ${disk.error}.`
  const places = disk.damage.length + disk.damagedChunks
  return places === 0 && disk.orphans === 0 ? undefined : "Some of the monitor's stored samples cannot be read: its log says which."
}
