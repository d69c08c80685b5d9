import { type Random, seededRandom } from '@signalbox/base'
import { describe, expect, it } from 'vitest'
import { SimulatedDisk } from './disk/simulated-disk.case.ts'
import { contentOf, openStore, StoreDriver } from './store-driver.case.ts'

const SEEDS = 150

/** A disk with a log of several segments, a snapshot and blocks. */
function livedIn(random: Random): { disk: SimulatedDisk; driver: StoreDriver } {
  const disk = new SimulatedDisk(random)
  const driver = new StoreDriver(random)
  for (let life = 0; life < 3; life++) {
    driver.open(disk)
    for (let step = 0; step < 120; step++) driver.step()
  }
  return { disk, driver }
}

function expectOnlyAppended(found: ReadonlyMap<string, bigint>, appended: ReadonlyMap<string, bigint>, what: string): void {
  for (const [sample, bits] of found) if (appended.get(sample) !== bits) expect.fail(`${what}: ${sample} was never appended with this value`)
}

describe('a store whose files were damaged after they were synced', () => {
  it('opens, answers only what was appended, says what is damaged, and takes new samples', () => {
    const codes = new Set<string>()
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = seededRandom(seed)
      const { disk, driver } = livedIn(random)
      const whole = contentOf(openStore(disk.killed())).size
      const names = disk.list()
      if (!names.ok) throw new Error(names.error.message)
      for (let i = 0; i < 3; i++) {
        const name = names.value[Math.floor(random.next() * names.value.length)] as string
        const at = Math.floor(random.next() * 1e9)
        const size = disk.size(name)
        if (!size.ok || size.value === 0) continue
        if (random.next() < 0.7) disk.flip(name, at, 1 + Math.floor(random.next() * 255))
        else disk.cut(name, at % size.value)
      }
      const store = openStore(disk)
      const found = contentOf(store)
      expectOnlyAppended(found, driver.appended, `seed ${seed}`)
      const { damage, damagedChunks, orphans } = store.stats()
      for (const { code } of damage) codes.add(code)
      if (found.size < whole && damage.length === 0 && damagedChunks === 0 && orphans === 0) {
        // A cut that leaves whole frames of the last segment is what a killed process leaves.
        expect(names.value.some((name) => name.endsWith('.wal'))).toBe(true)
      }
      driver.open(disk)
      for (let step = 0; step < 10; step++) driver.step()
      expectOnlyAppended(contentOf(openStore(disk.powerCut())), driver.appended, `seed ${seed}, afterwards`)
    }
    for (const code of ['checksum', 'footer', 'header', 'cut-short']) expect([code, codes.has(code)]).toEqual([code, true])
  })

  it('opens whatever bytes its files hold', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = seededRandom(seed)
      const disk = new SimulatedDisk(random)
      for (const name of [
        '00000001.wal',
        '00000002.wal',
        '00000002.snapshot',
        '0-7200000.block',
        '7200000-0.block',
        'x.block',
        '99999999999999.wal',
        'block.tmp',
      ]) {
        const file = disk.create(name)
        if (!file.ok) continue
        file.value.write(Uint8Array.from({ length: Math.floor(random.next() * 400) }, () => Math.floor(random.next() * 256)))
      }
      const store = openStore(disk)
      expect(contentOf(store).size).toBe(0)
      expect(store.stats().damage.length).toBeGreaterThan(0)
    }
  })

  it('answers the rest of a block whose chunks cannot be read, and counts them', () => {
    const random = seededRandom(7)
    const { disk } = livedIn(random)
    const store = openStore(disk)
    const before = contentOf(store).size
    disk.failing.reads = 3
    const during = contentOf(store).size
    expect(during).toBeLessThan(before)
    expect(store.stats().damagedChunks).toBeGreaterThan(0)
    expect(contentOf(store).size).toBe(before)
  })
})
