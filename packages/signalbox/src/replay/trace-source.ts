import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Random } from '@signalbox/base'
import { readTrace, shapes, shapeTrace, type Trace, type TraceFormatId, traceFormats } from '@signalbox/replay'
import { closest } from '../config/closest.ts'
import { StartError } from '../supervisor/role-process.ts'
import { helpList } from './experiment-flags.ts'

/** Where requests come from, as the command line names it. Plain data: it travels to worker threads. */
export interface TraceSource {
  /** A file, or `shape:<name>[,parameter=value...]`. */
  readonly name: string
  readonly format: TraceFormatId | undefined
  readonly requestsMax: number | undefined
}

const SHAPE = 'shape:'
const FILE_BYTES_MAX = 2 ** 30

/** Reads or makes the trace; `random` is for what the source leaves open. Throws a StartError. */
export function openTrace(source: TraceSource, random: Random): Trace {
  if (source.name.startsWith(SHAPE)) return shaped(source, random)
  const { format, requestsMax } = source
  const read = readTrace(readText(source.name), {
    name: basename(source.name),
    random,
    ...(format === undefined ? {} : { format }),
    ...(requestsMax === undefined ? {} : { requestsMax }),
  })
  if (!read.ok) throw new StartError(`${source.name}: ${read.error.message}`)
  return read.value
}

/** Whether two seeds make two traces. */
export function isRandom(source: TraceSource): boolean {
  return source.name.startsWith(SHAPE)
}

function shaped(source: TraceSource, random: Random): Trace {
  const [id = '', ...parameters] = source.name.slice(SHAPE.length).split(',')
  if (!shapes.has(id as never)) {
    const suggestion = closest(id, [...shapes.keys()])
    throw new StartError(
      `${source.name}: no such shape${suggestion === undefined ? '' : `; did you mean ${suggestion}?`} There are ${[...shapes.keys()].join(', ')}`,
    )
  }
  const values: Record<string, number> = source.requestsMax === undefined ? {} : { requests: source.requestsMax }
  for (const parameter of parameters) {
    const match = /^([\w-]+)=(-?\d+(?:\.\d+)?(?:e-?\d+)?)$/.exec(parameter)
    if (match === null) throw new StartError(`${source.name}: ${JSON.stringify(parameter)} is no parameter; write name=number`)
    values[match[1] ?? ''] = Number(match[2])
  }
  const made = shapeTrace(id as never, values, random)
  if (!made.ok) throw new StartError(`${source.name}: ${made.error}`)
  return made.value
}

function readText(path: string): string {
  try {
    const bytes = readFileSync(path)
    if (bytes.length > FILE_BYTES_MAX) throw new StartError(`${path}: longer than 1 GiB; take a part of it`)
    return bytes.toString('utf8')
  } catch (error) {
    if (error instanceof StartError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new StartError(
      code === 'ENOENT'
        ? `${path}: there is no such file; a shape is written ${SHAPE}${[...shapes.keys()][0] ?? ''}, formats are ${[...traceFormats.keys()].join(', ')}`
        : `${path} cannot be read (${code ?? String(error)})`,
    )
  }
}

/** Every shape with its parameters, for help. */
export function shapeHelp(): string {
  return [...shapes]
    .map(([name, { title, parameters }]) => {
      const list = [...parameters].map(([parameter, { default: byDefault }]) => `${parameter}=${byDefault}`).join(', ')
      return `${helpList([[name, title]])}\n${' '.repeat(20)}${list}`
    })
    .join('\n')
}
