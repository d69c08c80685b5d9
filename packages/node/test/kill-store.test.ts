import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FolderDisk } from '@signalbox/node'
import { Tsdb } from '@signalbox/tsdb'
import { expect, it } from 'vitest'

const KILLS = 10
const SERIES = 50
const STEP_MS = 30_000

const script = fileURLToPath(new URL('./ingesting-store.ts', import.meta.url))

/** Lets a process ingest until it has acknowledged `scrapes` more, then kills it; answers the last that it acknowledged. */
function ingestUntilKilled(folder: string, from: number, scrapes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--conditions=signalbox-source', '--import=tsx', script, folder, String(from)])
    let last = from - 1
    let rest = ''
    let errors = ''
    child.stdout.on('data', (bytes: Buffer) => {
      const lines = (rest + bytes.toString()).split('\n')
      rest = lines.pop() as string
      last = Number(lines.at(-1) ?? last)
      if (last >= from + scrapes) child.kill('SIGKILL')
    })
    child.stderr.on('data', (bytes: Buffer) => {
      errors += bytes.toString()
    })
    child.on('close', (_, signal) => (signal === 'SIGKILL' ? resolve(last) : reject(new Error(errors))))
  })
}

it(`a store whose process is killed ${KILLS} times while it ingests has every scrape that was acknowledged, and nothing else`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-store-'))
  try {
    let next = 1
    for (let kill = 0; kill < KILLS; kill++) {
      const acknowledged = await ingestUntilKilled(folder, next, 200 + 137 * kill)
      const disk = FolderDisk.open(folder)
      if (!disk.ok) throw new Error(disk.error.message)
      const store = Tsdb.open(disk.value)
      if (!store.ok) throw new Error(store.error.message)
      const series = store.value.select([], -Infinity, Infinity)
      expect(series.length).toBe(SERIES)
      let newest = 0
      for (const { timestampsMs, values } of series) {
        expect(values.length).toBeGreaterThanOrEqual(acknowledged)
        // All scrapes from the first on, each with its own value: none is missing, torn or made up.
        values.forEach((value, i) => {
          if (value !== i + 1 || timestampsMs[i] !== (i + 1) * STEP_MS) expect.fail(`sample ${i} is ${value} at ${timestampsMs[i]}`)
        })
        newest = Math.max(newest, values.length)
      }
      expect(store.value.stats()).toMatchObject({ damage: [], orphans: 0, disk: 'ok', damagedChunks: 0 })
      expect(store.value.close().ok).toBe(true)
      disk.value.close()
      next = newest + 1
    }
    // Long enough for blocks of two hours, merged days and snapshots to have been cut under the kills.
    expect(next).toBeGreaterThan(2 * 2880)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
