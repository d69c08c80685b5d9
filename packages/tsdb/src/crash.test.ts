import { type Random, seededRandom } from '@signalbox/base'
import { expect, it } from 'vitest'
import { Crash, SimulatedDisk } from './disk/simulated-disk.case.ts'
import { contentOf, openStore, type SampleMap, StoreDriver } from './store-driver.case.ts'

const SEEDS = 200

/** One life of a store on this disk: until it crashes, or long enough. Answers what must be there afterwards, and what may. */
function live(disk: SimulatedDisk, random: Random, driver: StoreDriver): void {
  disk.crashAt = disk.operations + 1 + Math.floor(random.next() * (random.next() < 0.9 ? 250 : 1500))
  try {
    driver.open(disk)
    for (let step = 0; step < 600; step++) {
      const dice = random.next()
      if (dice < 0.02) disk.failing.syncs += 1
      else if (dice < 0.03) disk.failing.writes += 1
      else if (dice < 0.035) disk.failing.creates += 1
      else if (dice < 0.04) disk.bytesMax = disk.bytes + Math.floor(random.next() * 2000)
      else if (dice < 0.06) disk.bytesMax = Infinity
      driver.step()
    }
  } catch (error) {
    if (!(error instanceof Crash)) throw error
  }
}

function expectBetween(found: SampleMap, least: SampleMap, most: SampleMap, what: string): void {
  for (const [sample, bits] of least) if (found.get(sample) !== bits) expect.fail(`${what}: lost or changed ${sample}`)
  for (const [sample, bits] of found) if (most.get(sample) !== bits) expect.fail(`${what}: ${sample} was never appended with this value`)
}

it(`loses nothing that was promised, and holds nothing that was not appended, in ${SEEDS} seeded lives with kills, power cuts and failing disks`, () => {
  const outcomes = { killed: 0, cut: 0, samples: 0, blocks: 0, failures: 0 }
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed)
    const driver = new StoreDriver(random)
    let disk = new SimulatedDisk(random)
    for (let generation = 0; generation < 4; generation++) {
      live(disk, random, driver)
      const isPowerCut = random.next() < 0.6
      disk = isPowerCut ? disk.powerCut() : disk.killed()
      const store = openStore(disk)
      const found = contentOf(store)
      expectBetween(found, isPowerCut ? driver.synced : driver.written, driver.appended, `seed ${seed}, generation ${generation}`)
      outcomes[isPowerCut ? 'cut' : 'killed'] += 1
      outcomes.samples += found.size
      outcomes.blocks += store.stats().blocks
      outcomes.failures += driver.failures
      driver.found(found, isPowerCut)
    }
  }
  // The lives were worth living: each kind of end, samples, blocks and failures occurred.
  expect(Math.min(outcomes.killed, outcomes.cut, outcomes.blocks, outcomes.failures)).toBeGreaterThan(100)
  expect(outcomes.samples).toBeGreaterThan(100_000)
})

it('a store that is closed loses nothing, whatever happens to the power', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed)
    const driver = new StoreDriver(random)
    const disk = new SimulatedDisk(random)
    driver.open(disk)
    for (let step = 0; step < 300; step++) driver.step()
    expect(driver.close().ok).toBe(true)
    const after = contentOf(openStore(disk.powerCut()))
    expectBetween(after, driver.written, driver.appended, `seed ${seed}`)
  }
})
