import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Labels } from '@signalbox/base'
import { FolderDisk } from '@signalbox/node'
import { Tsdb } from '@signalbox/tsdb'

const folder = mkdtempSync(join(tmpdir(), 'samples-'))

function open() {
  const disk = FolderDisk.open(folder)
  if (!disk.ok) throw new Error(disk.error.message)
  const store = Tsdb.open(disk.value)
  if (!store.ok) throw new Error(store.error.message)
  return store.value
}

const store = open()
const labels = Labels.from({ __name__: 'temperature', place: 'rack 7' })
const nowMs = Date.now()
const ref = store.seriesRef(labels)
if (ref === undefined) throw new Error('the store holds as many series as it may')
const outcome = store.appendScrape({
  refs: [ref, ref],
  timestampsMs: Float64Array.of(nowMs - 1_000, nowMs),
  values: Float64Array.of(21.5, 22),
  length: 2,
})
console.log('kept', outcome.kept)
// Every second, by a timer of the program: what was appended before is then on the disk.
store.maintain(nowMs)
store.close()

// As after a restart.
const isPlace = { name: 'place', operator: '=', value: 'rack 7', matches: (value) => value === 'rack 7' }
const again = open()
for (const { labels, values } of again.select([isPlace], nowMs - 60_000, nowMs)) console.log(labels.get('__name__'), ...values)
again.close()
rmSync(folder, { recursive: true })
