export interface Finding {
  readonly line: number
  readonly message: string
}

/** Which rooms a room may import. A name that is not here may import nothing; imports point downwards and inwards. */
const edges: Readonly<Record<string, readonly string[]>> = {
  base: [],
  signals: ['base'],
  exposition: ['base'],
  instruments: ['base', 'signals', 'exposition'],
  promql: ['base'],
  tsdb: ['base'],
  scheduler: ['base'],
  engine: ['base', 'signals', 'instruments'],
  dashboards: ['base', 'signals'],
  lint: ['base', 'signals', 'promql'],
  exports: ['base', 'signals', 'dashboards'],
  'kv-events': ['base'],
  tokenizers: ['base'],
  replay: ['base', 'scheduler', 'engine'],
  node: ['base', 'signals', 'instruments', 'exposition', 'tsdb', 'kv-events'],
  'model-server': ['base', 'signals', 'instruments', 'exposition', 'engine', 'kv-events', 'tokenizers', 'node'],
  load: ['base', 'replay'],
  gateway: ['base', 'signals', 'exposition', 'instruments', 'scheduler', 'node'],
  monitor: ['base', 'signals', 'exposition', 'instruments', 'promql', 'tsdb', 'dashboards', 'node'],
  console: ['dashboards', 'scheduler', 'replay'],
  signalbox: [
    'base',
    'signals',
    'exposition',
    'instruments',
    'promql',
    'tsdb',
    'scheduler',
    'engine',
    'dashboards',
    'lint',
    'exports',
    'kv-events',
    'tokenizers',
    'replay',
    'node',
    'model-server',
    'load',
    'gateway',
    'monitor',
  ],
}

const core: ReadonlySet<string> = new Set([
  'base',
  'signals',
  'exposition',
  'instruments',
  'promql',
  'tsdb',
  'scheduler',
  'engine',
  'kv-events',
  'tokenizers',
  'replay',
  'dashboards',
  'lint',
])

/** What core code reaches only through ports, and the port to use. */
const bannedInCore: readonly (readonly [RegExp, string])[] = [
  [/\bfrom 'node:/, 'core imports no node: module; put an adapter into packages/node'],
  [/\bDate\b(?!`)/, 'core has no Date; take a Clock'],
  [/\bperformance\./, 'core has no performance; take a Clock'],
  [/\bset(Timeout|Interval|Immediate)\b/, 'core has no timers; answer when to be called again'],
  [/\bMath\.random\b/, 'core has no Math.random; take a Random'],
  [/\bprocess\./, 'core has no process'],
  [/\bconsole\./, 'core does not print'],
  [/\bBuffer\b/, 'core has no Buffer; use Uint8Array'],
]

const bannedNames = /(^|\/)(utils?|helpers?|common|misc|manager|constants)(\.|\/|$)/

const bannedWords: readonly (readonly [RegExp, string])[] = [
  [/\b(TODO|FIXME|XXX|HACK)\b/, 'unfinished work belongs into the tracker'],
  [/(?<![\w.])\/(home|root|work|tmp|Users)\/[\w.]/, 'an absolute path of one machine'],
  [/https?:\/\/(registry|deb|files)\./, 'a registry is not named by host'],
  [/\b(blazing|seamless(ly)?|cutting-edge|simply|obviously|effortless(ly)?)\b/i, 'a slogan'],
]

/** Every rule that `text` at `path` (relative to the root, with slashes) breaks. */
export function findings(path: string, text: string): Finding[] {
  const found: Finding[] = []
  const lines = text.split('\n')
  const room = /^packages\/([^/]+)\//.exec(path)?.[1]
  const isSource = /\.(ts|tsx)$/.test(path)
  const isTest = /\.(test|bench|case)\.ts$|\/test\/|\/promqltest\//.test(path)
  if (bannedNames.test(path))
    found.push({ line: 1, message: 'a file is named for the thing it holds, not utils, helpers, common, manager or constants' })
  if (path.startsWith('tools/tidy')) return found
  lines.forEach((text, index) => {
    const line = index + 1
    for (const [pattern, message] of bannedWords) if (pattern.test(text)) found.push({ line, message })
    if (!isSource || room === undefined) return
    const imported = /from '@signalbox\/([^'/]+)(\/[^']*)?'/.exec(text)
    if (imported !== null && !isTest && imported[1] !== room && !(edges[room] ?? []).includes(imported[1] as string)) {
      found.push({ line, message: `${room} may not import ${imported[1]}; allowed: ${(edges[room] ?? []).join(', ') || 'nothing'}` })
    }
    if (imported?.[2] !== undefined) found.push({ line, message: "a package's only door is its index" })
    if (/^export \*/.test(text)) found.push({ line, message: 'export names, not everything' })
    if (core.has(room) && !isTest) {
      const code = text.replace(/\/\/.*$|^\s*\*.*$|\/\*.*?\*\/|'[^']*'|`[^`]*`/g, (match) => (match.startsWith("'node:") ? match : ''))
      for (const [pattern, message] of bannedInCore) if (pattern.test(code)) found.push({ line, message })
    }
  })
  return found
}
