import type { Labels } from '@signalbox/base'
import type { Block } from './block.ts'
import { compareLabels } from './block-format.ts'
import type { BlockWriter } from './block-writer.ts'

/** Series between two yields: each costs two reads a block. */
const STEP_SERIES = 256

/** One block that is merged: its next series, and where its columns went. */
interface Source {
  readonly block: Block
  readonly columns: Map<number, number | undefined>
  next: number
  labels: Labels | undefined
}

/** Writes the series of blocks whose ranges ascend and do not overlap, yielding between steps. Encoded bytes are copied. */
export function* mergeBlocks(blocks: readonly Block[], writer: BlockWriter): Generator<undefined, void, undefined> {
  const sources: Source[] = blocks.map((block) => ({ block, columns: new Map(), next: -1, labels: undefined }))
  for (const source of sources) advance(source)
  for (let count = 1; ; count++) {
    const labels = first(sources)
    if (labels === undefined) return
    if (count % STEP_SERIES === 0) yield
    let hasBegun = false
    for (const source of sources) {
      if (source.labels === undefined || compareLabels(source.labels, labels) !== 0) continue
      source.block.chunks([source.next], (_, chunk) => {
        const column = copiedColumn(source, chunk.column, writer)
        if (column === undefined) return
        if (!hasBegun) writer.beginSeries(labels)
        hasBegun = true
        writer.copyChunk(column, chunk.bytes)
      })
      advance(source)
    }
  }
}

function advance(source: Source): void {
  source.next += 1
  source.labels = source.next < source.block.index.seriesCount ? source.block.index.labelsOf(source.next) : undefined
}

function first(sources: readonly Source[]): Labels | undefined {
  let least: Labels | undefined
  for (const { labels } of sources) {
    if (labels !== undefined && (least === undefined || compareLabels(labels, least) < 0)) least = labels
  }
  return least
}

/** Undefined: it cannot be read, and is not asked for again. */
function copiedColumn(source: Source, column: number, writer: BlockWriter): number | undefined {
  if (source.columns.has(column)) return source.columns.get(column)
  const encoded = source.block.encodedColumn(column)
  const copied = encoded === undefined ? undefined : writer.copyColumn(encoded)
  source.columns.set(column, copied)
  return copied
}
