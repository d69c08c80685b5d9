import { Labels, seededRandom } from '@signalbox/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../codec/byte-writer.ts'
import { crc32 } from '../codec/crc32.ts'
import { SimulatedDisk } from '../disk/simulated-disk.case.ts'
import { contentOf, openStore, StoreDriver } from '../store-driver.case.ts'
import { reseedFrames } from './frame.ts'
import { readScrape, readSeries, writeScrape, writeSeries } from './records.ts'

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
const series = fc.uniqueArray(fc.record({ ref: fc.integer({ min: 1, max: 2 ** 31 }), labels: fc.dictionary(text, text) }), {
  selector: ({ ref }) => ref,
})
const value = fc.oneof(fc.integer(), fc.constantFrom(0, -0, NaN, -Infinity, 2 ** 51, 2 ** 51 - 1, -(2 ** 51) + 1, 1e300), fc.double())
const sample = fc.record({
  ref: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 2 ** 31 - 1 })),
  timestampMs: fc.constantFrom(0, -5, 1.5e12, 1.5e12 + 0.25),
  value,
})

function scrapeBytes(samples: readonly { ref: number; timestampMs: number; value: number }[]): Uint8Array {
  const writer = new ByteWriter(1)
  const timestampsMs = Float64Array.from(samples, (one) => one.timestampMs)
  const values = Float64Array.from(samples, (one) => one.value)
  writeScrape(writer, { refs: samples.map(({ ref }) => ref), timestampsMs, values, length: samples.length }, 0, samples.length)
  return writer.bytes
}

function seriesBytes(all: readonly { ref: number; labels: Record<string, string> }[]): Uint8Array {
  const writer = new ByteWriter(1)
  writeSeries(
    writer,
    all.map(({ ref, labels }) => ({ ref, labels: Labels.from(labels) })),
  )
  return writer.bytes
}

describe('frames of the log', () => {
  it('give back series and samples as they were', () => {
    fc.assert(
      fc.property(series, fc.array(sample, { maxLength: 80 }), (all, samples) => {
        const read = readSeries(seriesBytes(all))
        expect(read?.map(({ ref, labels }) => [ref, labels.toRecord()])).toEqual(all.map(({ ref, labels }) => [ref, Labels.from(labels).toRecord()]))
        const found: { ref: number; timestampMs: number; value: number }[] = []
        expect(readScrape(scrapeBytes(samples), (ref, timestampMs, one) => found.push({ ref, timestampMs, value: one }))).toBe(true)
        expect(found).toEqual(samples)
      }),
    )
  })

  it('that hold anything are read or refused, and never give more samples than they have bytes', () => {
    const noise = fc.uint8Array({ maxLength: 60 })
    const edited = fc
      .tuple(fc.oneof(series.map(seriesBytes), fc.array(sample).map(scrapeBytes)), fc.nat(), fc.nat(255), fc.nat())
      .map(([bytes, at, byte, cut]) => {
        const copy = bytes.slice(0, cut % (bytes.length + 1))
        if (copy.length > 0) copy[at % copy.length] = byte
        return copy
      })
    fc.assert(
      fc.property(fc.oneof(noise, edited), (bytes) => {
        let samples = 0
        readScrape(bytes, (ref, timestampMs) => {
          samples += 1
          expect(ref).toBeGreaterThan(0)
          expect(Number.isFinite(timestampMs)).toBe(true)
        })
        expect(samples).toBeLessThanOrEqual(bytes.length)
        expect(readSeries(bytes)?.length ?? 0).toBeLessThanOrEqual(bytes.length)
      }),
      { numRuns: 1000 },
    )
  })
})

/** Changes one byte of a frame and gives the frame the checksum of what it holds now. */
function forge(file: Uint8Array, random: () => number): Uint8Array {
  const forged = file.slice()
  const view = new DataView(forged.buffer)
  const frames: number[] = []
  for (let at = 16; at + 9 < forged.length; at += 8 + view.getUint32(at, true)) frames.push(at)
  const start = frames[Math.floor(random() * frames.length)] as number
  const end = start + 8 + view.getUint32(start, true)
  forged[start + 8 + Math.floor(random() * (end - start - 8))] = Math.floor(random() * 256)
  reseedFrames(forged.subarray(start, end), crc32(forged, 0, 0, 16))
  return forged
}

it('a log or snapshot whose frames say nonsense under a right checksum does not keep a store from opening', () => {
  let refused = 0
  for (let seed = 1; seed <= 150; seed++) {
    const random = seededRandom(seed)
    const disk = new SimulatedDisk(random)
    const driver = new StoreDriver(random)
    driver.open(disk)
    for (let step = 0; step < 150; step++) driver.step()
    const names = disk.list()
    if (!names.ok) throw new Error(names.error.message)
    for (const name of names.value.filter((one) => !one.endsWith('.block'))) {
      const size = disk.size(name)
      const bytes = size.ok ? disk.read(name, 0, size.value) : size
      if (!bytes.ok || bytes.value.length < 30) continue
      const file = disk.create(name)
      if (file.ok) file.value.write(forge(bytes.value, () => random.next()))
    }
    const store = openStore(disk)
    refused += store.stats().damage.length
    expect(contentOf(store).size).toBeGreaterThanOrEqual(0)
    for (let i = 0; i < 5; i++) store.maintain(1_800_000_000_000)
    expect(contentOf(openStore(disk)).size).toBeGreaterThanOrEqual(0)
  }
  expect(refused).toBeGreaterThan(20)
})
