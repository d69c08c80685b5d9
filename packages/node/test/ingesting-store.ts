import { writeSync } from 'node:fs'
import { Labels } from '@signalbox/base'
import { FolderDisk } from '@signalbox/node'
import { Tsdb } from '@signalbox/tsdb'

/*
 * A process that ingests as fast as it can until it is killed: `ingesting-store.ts <folder> <from>`. Scrape n has the timestamp n seconds and
 * the value n in each series; its number goes to stdout once its write returned. Two hours of samples pass every few hundred scrapes,
 * so that blocks are cut and snapshots taken all the time.
 */

const [folder = '', from = ''] = process.argv.slice(2)
const disk = FolderDisk.open(folder)
if (!disk.ok) throw new Error(disk.error.message)
const opened = Tsdb.open(disk.value)
if (!opened.ok) throw new Error(opened.error.message)
const store = opened.value

const SERIES = 50
const STEP_MS = 30_000

for (let scrape = Number(from); ; scrape++) {
  const refs = Array.from({ length: SERIES }, (_, i) => store.seriesRef(Labels.from({ __name__: 'scrape', series: String(i) })))
  if (refs.includes(undefined)) throw new Error('a series was refused')
  const timestampsMs = new Float64Array(SERIES).fill(scrape * STEP_MS)
  const values = new Float64Array(SERIES).fill(scrape)
  const { kept } = store.appendScrape({ refs: refs as number[], timestampsMs, values, length: SERIES })
  if (kept !== SERIES || store.stats().disk !== 'ok') throw new Error(`scrape ${scrape} was not taken: ${store.stats().diskError}`)
  // Synchronous: this loop never gives the event loop a turn.
  writeSync(1, `${scrape}\n`)
  if (scrape % 3 === 0) store.maintain(scrape * STEP_MS)
}
