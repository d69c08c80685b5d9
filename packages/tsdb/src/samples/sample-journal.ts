/** What changed in the places of series since the last publication. */
export class SampleJournal {
  /** Runs of references whose open chunk grew by one: first, count, first, count, ... */
  readonly advanced: number[] = []
  /** References whose place changed otherwise. */
  readonly moved = new Set<number>()
  /** References whose late samples changed. */
  readonly late = new Set<number>()
  /** Series that are gone. */
  readonly dead: number[] = []

  get isEmpty(): boolean {
    return this.advanced.length === 0 && this.moved.size === 0 && this.late.size === 0 && this.dead.length === 0
  }

  /** The series has one sample more, at the end of its open chunk. */
  advance(ref: number): void {
    const { advanced } = this
    const last = advanced.length - 2
    if (last >= 0 && (advanced[last] as number) + (advanced[last + 1] as number) === ref) advanced[last + 1] = (advanced[last + 1] as number) + 1
    else advanced.push(ref, 1)
  }

  clear(): void {
    this.advanced.length = 0
    this.moved.clear()
    this.late.clear()
    this.dead.length = 0
  }
}
