import { closeSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import type { Random } from '@signalbox/base'
import { type ShapeId, shapes, shapeTrace, type Trace, type TraceFormatId, TraceReader, traceFormats } from '@signalbox/replay'
import { closest } from '../config/closest.ts'
import { StartError } from '../supervisor/role-process.ts'

/** Where requests come from, as the command line names it. Plain data: it travels to worker threads. */
export interface TraceSource {
  /** A file, or `shape:<name>[,parameter=number...]`. */
  readonly name: string
  readonly format: TraceFormatId | undefined
  readonly requestsMax: number | undefined
}

export interface OpenedTrace {
  readonly trace: Trace
  /** Whether another seed makes another trace: something was drawn in reading or making it. */
  readonly isRandom: boolean
}

const SHAPE = 'shape:'
const PIECE_BYTES = 1024 * 1024

/** Reads or makes the trace; `random` is for what the source leaves open. Throws a StartError that names the source. */
export function openTrace(source: TraceSource, random: Random): OpenedTrace {
  let isRandom = false
  const watched: Random = {
    next: () => {
      isRandom = true
      return random.next()
    },
  }
  const trace = source.name.startsWith(SHAPE) ? shapeOf(source, watched) : fileOf(source, watched)
  return { trace, isRandom }
}

function shapeOf({ name, format, requestsMax }: TraceSource, random: Random): Trace {
  if (format !== undefined) throw new StartError(`--format ${format}: ${name} is a shape and no file; leave --format out`)
  const [id = '', ...parameters] = name.slice(SHAPE.length).split(',')
  if (!isShapeId(id)) {
    const suggestion = closest(id, [...shapes.keys()])
    throw new StartError(
      `${name}: there is no shape ${JSON.stringify(id)}; ${suggestion === undefined ? '' : `did you mean ${suggestion}? `}There are ${[...shapes.keys()].join(', ')}`,
    )
  }
  const made = shapeTrace(id, { ...parametersOf(name, parameters), ...(requestsMax === undefined ? {} : { requests: requestsMax }) }, random)
  if (!made.ok) throw new StartError(`${name}: ${made.error}`)
  return made.value
}

function isShapeId(id: string): id is ShapeId {
  return shapes.has(id as ShapeId)
}

function parametersOf(name: string, parameters: readonly string[]): Record<string, number> {
  const values: Record<string, number> = {}
  for (const text of parameters) {
    const match = /^([A-Za-z]\w*)=(.+)$/.exec(text.trim())
    const [, parameter = '', value = ''] = match ?? []
    if (match === null || !Number.isFinite(Number(value))) throw new StartError(`${name}: ${JSON.stringify(text)} is no parameter; write name=number`)
    if (values[parameter] !== undefined) throw new StartError(`${name}: ${parameter} is given twice`)
    values[parameter] = Number(value)
  }
  return values
}

/** Piece by piece: a file may be longer than the longest string, and only its first requests be wanted. */
function fileOf({ name, format, requestsMax }: TraceSource, random: Random): Trace {
  const reader = new TraceReader({ name: basename(name), format, requestsMax, random })
  for (const text of piecesOf(name)) if (!reader.write(text)) break
  const read = reader.end()
  if (!read.ok) throw new StartError(read.error.message)
  return read.value
}

function* piecesOf(name: string): Generator<string> {
  const file = reading(name, () => openSync(name, 'r'))
  try {
    const bytes = Buffer.alloc(PIECE_BYTES)
    const decoder = new StringDecoder('utf8')
    for (;;) {
      const length = reading(name, () => readSync(file, bytes))
      if (length === 0) break
      yield decoder.write(bytes.subarray(0, length))
    }
    yield decoder.end()
  } finally {
    closeSync(file)
  }
}

function reading<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new StartError(`${name}: cannot be read (${code ?? String(error)})${code === 'ENOENT' ? missingHint(name) : ''}`)
  }
}

function missingHint(name: string): string {
  if (isShapeId(name.split(',')[0] ?? '')) return `; the shape is written ${SHAPE}${name}`
  return `; give a file (${[...traceFormats.keys()].join(', ')}) or ${SHAPE}<name>, --help lists the shapes`
}
