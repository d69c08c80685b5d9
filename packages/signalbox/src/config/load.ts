import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { failure, ok, type Result } from '@signalbox/base'
import { isMap, LineCounter, type Node, parseDocument } from 'yaml'
import type { z } from 'zod'
import { closest } from './closest.ts'
import { type Backend, backendsSchema, type Config, configSchema } from './schema.ts'

export interface ConfigProblem {
  /** `file:line:column: path: what is wrong; what to do`, ready to print. */
  readonly message: string
}

/** Reads and checks a configuration file. Every problem is reported, not just the first. Paths in it are taken from the file's own folder. */
export function loadConfig(path: string): Result<Config, readonly ConfigProblem[]> {
  const text = textOf(path)
  if (!text.ok) return text
  const parsed = parseConfig(text.value, path)
  return parsed.ok ? ok(deepFreeze(withPathsFrom(parsed.value, dirname(path)))) : parsed
}

function withPathsFrom(config: Config, folder: string): Config {
  const { admin, endpoints, engine, monitor, scheduler } = config
  return {
    ...config,
    admin: admin.tokenFile === undefined ? admin : { ...admin, tokenFile: resolve(folder, admin.tokenFile) },
    endpoints: endpoints.file === undefined ? endpoints : { ...endpoints, file: resolve(folder, endpoints.file) },
    engine: {
      ...engine,
      ...(engine.apiKeyFile === undefined ? {} : { apiKeyFile: resolve(folder, engine.apiKeyFile) }),
      texts: typeof engine.texts === 'string' ? engine.texts : { file: resolve(folder, engine.texts.file) },
    },
    monitor: monitor.dataFolder === undefined ? monitor : { ...monitor, dataFolder: resolve(folder, monitor.dataFolder) },
    scheduler: isModulePath(scheduler.policy) ? { ...scheduler, policy: resolve(folder, scheduler.policy) } : scheduler,
  }
}

/** Whether a policy is given as a module rather than by name. */
export function isModulePath(policy: string): boolean {
  return /[/\\]|\.m?js$/.test(policy)
}

/** Checks configuration text; `name` stands before each problem. */
export function parseConfig(text: string, name: string): Result<Config, readonly ConfigProblem[]> {
  const parsed = parseYaml(text, name, configSchema)
  return parsed.ok ? ok(deepFreeze(parsed.value)) : parsed
}

/** Reads an endpoints file: a YAML list of addresses, or of `{ id, url }`. */
export function loadBackends(path: string): Result<readonly Backend[], readonly ConfigProblem[]> {
  const text = textOf(path)
  return text.ok ? parseYaml(text.value, path, backendsSchema) : text
}

function textOf(path: string): Result<string, readonly ConfigProblem[]> {
  try {
    return ok(readFileSync(path, 'utf8'))
  } catch (error) {
    return failure([{ message: `${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})` }])
  }
}

function parseYaml<Schema extends z.ZodType>(text: string, name: string, schema: Schema): Result<z.output<Schema>, readonly ConfigProblem[]> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  if (document.errors.length > 0) {
    return failure(
      document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0])
        return { message: `${name}:${line}:${col}: not YAML: ${error.message}` }
      }),
    )
  }
  let value: unknown
  try {
    value = document.toJS() ?? (schema === (configSchema as unknown) ? {} : [])
  } catch (error) {
    // An alias without its anchor, or so many that the document explodes.
    return failure([{ message: `${name}: not YAML: ${(error as Error).message}` }])
  }
  const checked = schema.safeParse(value)
  if (checked.success) return ok(checked.data)
  const place = (path: readonly PropertyKey[], key: boolean): string => {
    const offset = offsetOf(document.contents, path, key)
    if (offset === undefined) return name
    const { line, col } = lines.linePos(offset)
    return `${name}:${line}:${col}`
  }
  return failure(checked.error.issues.flatMap((issue) => describe(issue, value, place)))
}

type Place = (path: readonly PropertyKey[], key: boolean) => string

function describe(issue: z.core.$ZodIssue, value: unknown, place: Place): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue.path)
    return issue.keys.map((key) => {
      const suggestion = closest(key, known)
      const hint = suggestion === undefined ? `known keys: ${known.join(', ')}` : `did you mean "${suggestion}"?`
      const path = [...issue.path, key]
      return { message: `${place(path, true)}: ${path.join('.')}: unknown key; ${hint}` }
    })
  }
  const reason = reasonOf(issue)
  const given = valueAt(value, issue.path)
  const shown = given === undefined ? '' : `, not ${JSON.stringify(given)}`
  return [{ message: `${place(issue.path, false)}: ${issue.path.join('.') || 'the file'}: ${reason}${shown}` }]
}

/** What was wanted, in our words where the library's say less; a union of the schema brings its own. */
function reasonOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `expected ${issue.expected}`
  return lowerFirst(issue.message)
}

/** The keys that the schema knows at a path, for suggestions. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: unknown = configSchema
  for (const step of path) schema = typeof step === 'string' ? (shapeOf(schema)?.[step] ?? entryOf(schema)) : undefined
  return Object.keys(shapeOf(schema) ?? { id: 0, url: 0 })
}

/** The schema of an object, or of a record, without what is wrapped around it. */
function bare(schema: unknown) {
  let current = schema as { shape?: Record<string, unknown>; valueType?: unknown; unwrap?: () => unknown } | undefined
  while (current !== undefined && current.shape === undefined && typeof current.unwrap === 'function') current = current.unwrap() as typeof current
  return current
}

function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  return bare(schema)?.shape
}

/** The schema of what a record holds under any key. */
function entryOf(schema: unknown): unknown {
  return bare(schema)?.valueType
}

function offsetOf(root: Node | null, path: readonly PropertyKey[], key: boolean): number | undefined {
  let node: unknown = root
  let offset = root?.range?.[0]
  for (const [index, step] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => String((item.key as { value?: unknown })?.value) === String(step))
      if (pair === undefined) return offset
      const last = index === path.length - 1
      offset = (last && key ? (pair.key as Node) : ((pair.value ?? pair.key) as Node)).range?.[0] ?? offset
      node = pair.value
    } else {
      const items = (node as { items?: unknown[] } | null)?.items
      node = items?.[Number(step)]
      offset = (node as Node | undefined)?.range?.[0] ?? offset
    }
  }
  return offset
}

/** A value that may stand for a list of itself is found under the list's first place too. */
function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value
  for (const step of path) if (typeof current !== 'string') current = (current as Record<PropertyKey, unknown> | null | undefined)?.[step]
  return current
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}
