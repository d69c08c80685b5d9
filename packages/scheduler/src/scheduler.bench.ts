import { seededRandom, VirtualClock } from '@signalbox/base'
import { bench, describe } from 'vitest'
import { DecisionLog } from './decision-log.ts'
import { prefixHashes } from './prefix-hash.ts'
import { indexBlocksOf, PrefixIndex } from './prefix-index.ts'
import { requestSummary, World } from './scheduler.case.ts'

/** A pool under way: every endpoint has a shared prefix of 2 kB, streams decoding and learned values. */
function busyWorld(endpoints: number): World {
  const world = new World(Object.fromEntries(Array.from({ length: endpoints }, (_, at) => [`e${at}`, { runningRequests: at % 7 }])))
  for (let at = 0; at < endpoints; at += 1) world.warm(`e${at}`, { prompt: 'shared', bytes: 2048 })
  for (let at = 0; at < endpoints * 2; at += 1) {
    const assignment = world.send({ prompt: 'shared', bytes: 2048 })
    if (at % 2 === 0) assignment.firstContent()
  }
  return world
}

/** Four kilobytes, the first half shared by all. */
const request = (() => {
  const bytes = new TextEncoder().encode('shared..'.repeat(256) + 'different'.repeat(228)).subarray(0, 4096)
  return { ...requestSummary('r'), prefixHashes: prefixHashes(bytes, 0, bytes.length, 'm') }
})()

describe('pick and end, prompt of 4 kB half cached', () => {
  for (const endpoints of [3, 16, 64, 256]) {
    const world = busyWorld(endpoints)
    bench(`${endpoints} endpoints`, () => {
      const result = world.scheduler.pick(request, [])
      if (result.ok) result.assignment.end({ kind: 'cancelled' })
    })
  }
})

/** Fifteen thousand tokens at four bytes, the first half shared by all. */
const longRequest = (() => {
  const bytes = new TextEncoder().encode('shared..'.repeat(3750) + 'different'.repeat(3334)).subarray(0, 60_000)
  return { ...requestSummary('r', { bytes: 60_000 }), prefixHashes: prefixHashes(bytes, 0, bytes.length, 'm') }
})()

describe('pick and end, prompt of 60 kB half cached', () => {
  const world = busyWorld(64)
  for (let at = 0; at < 64; at += 1) world.warm(`e${at}`, { prompt: 'shared', bytes: 30_000 })
  bench('64 endpoints', () => {
    const result = world.scheduler.pick(longRequest, [])
    if (result.ok) result.assignment.end({ kind: 'cancelled' })
  })
})

describe('pick with its record, to the ring', () => {
  for (const endpoints of [3, 64]) {
    const world = busyWorld(endpoints)
    const log = new DecisionLog({ clock: world.clock })
    bench(`${endpoints} endpoints`, () => {
      const draft = log.open(request, world.clock.nowMs())
      const result = world.scheduler.pick(request, [], draft)
      if (result.ok) result.assignment.end({ kind: 'cancelled' })
      draft.complete({ status: 'ok', ttftMs: 12 })
    })
  }
})

describe('list', () => {
  const log = new DecisionLog({ clock: new VirtualClock() })
  const rare = log.open({ ...request, model: 'rare' }, 0)
  rare.complete({ status: 'ok' })
  for (let at = 0; at < 40_000; at += 1) log.open({ ...request, id: `r${at}` }, at).complete({ status: 'ok', ttftMs: 12 })
  bench('100 newest of 40,000', () => void log.list({}))
  bench('one rare of 40,000', () => void log.list({ model: 'rare' }))
})

describe('prefixHashes', () => {
  const bytes = new Uint8Array(1 << 20).map((_, at) => at * 31)
  bench('1 MiB', () => void prefixHashes(bytes, 3, bytes.length, 'model'))
})

describe('prefix index, 32 endpoints x 31,250 blocks', () => {
  const index = new PrefixIndex({ slotsMax: 32, bytesMax: 64 * 1024 * 1024 })
  const random = seededRandom(1)
  const randomHashes = (blocks: number) => new Uint32Array(blocks * 2).map(() => random.next() * 2 ** 32)
  for (let slot = 0; slot < 32; slot += 1) {
    index.setCapacity(slot, indexBlocksOf(Number.NaN))
    for (let filled = 0; filled < 31_250; filled += 250) index.begin(randomHashes(250), slot)
  }
  const prompts = Array.from({ length: 256 }, () => randomHashes(64))
  for (const [at, prompt] of prompts.entries()) index.confirm(prompt, at % 32)
  let turn = 0
  bench('longest prefix of 64 blocks, held, no guess', () => {
    turn = (turn + 1) % 256
    index.longestPrefix(prompts[turn]!, turn % 32)
  })
  bench('longest prefix of 64 blocks, held, good guess', () => {
    turn = (turn + 1) % 256
    index.longestPrefix(prompts[turn]!, turn % 32, 64)
  })
  bench('begin and confirm 64 blocks that are held', () => {
    turn = (turn + 1) % 256
    index.begin(prompts[turn]!, turn % 32)
    index.confirm(prompts[turn]!, turn % 32)
  })
  const spare = Array.from({ length: 4096 }, () => randomHashes(64))
  bench('begin 64 new blocks, evicting 64', () => {
    turn = (turn + 1) % 4096
    index.begin(spare[turn]!, turn % 32)
  })
})
