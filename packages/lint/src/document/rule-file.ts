import type { Rule, RuleFile, RuleGroup, ShapeProblem } from './model.ts'
import { readQuery } from './query.ts'
import type { Tree } from './tree.ts'

/** SOURCE: Prometheus's rulefmt.RuleGroup and rulefmt.Rule. `partial_response_strategy` is Thanos's. */
const GROUP_KEYS: ReadonlySet<string> = new Set(['name', 'interval', 'query_offset', 'limit', 'labels', 'rules', 'partial_response_strategy'])
const RULE_KEYS: ReadonlySet<string> = new Set(['record', 'alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations'])
const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/
const SECONDS = [31_536_000, 604_800, 86_400, 3600, 60, 1, 0.001]

/** True for a map with `groups` that hold rules. */
export function isRuleFile(tree: Tree): boolean {
  const groups = tree.get('groups')
  return groups?.isList() === true && groups.items().some((group) => group.get('rules') !== undefined)
}

/** Seconds of `1h30m`, undefined for anything else. SOURCE: Prometheus's model.ParseDuration. */
function durationSeconds(text: string): number | undefined {
  if (text === '0') return 0
  const match = text === '' ? null : DURATION.exec(text)
  if (match === null) return undefined
  return SECONDS.reduce((sum, seconds, index) => sum + Number(match[index + 1] ?? 0) * seconds, 0)
}

export function readRuleFile(tree: Tree, path: string): RuleFile {
  const problems: ShapeProblem[] = []
  const groups = (tree.get('groups')?.items() ?? []).map((group) => readGroup(group, problems))
  return { kind: 'rules', path, groups, problems }
}

function readGroup(tree: Tree, problems: ShapeProblem[]): RuleGroup {
  const name = tree.get('name')?.word() ?? ''
  const where = `group ${name === '' ? '(unnamed)' : name}`
  if (name === '') problems.push({ offset: tree.offset, where, message: 'a group without a name', fix: 'give it a `name`' })
  unknownKeys(tree, GROUP_KEYS, { where, problems })
  const interval = tree.get('interval')?.word()
  const intervalSeconds = interval === undefined ? undefined : durationSeconds(interval)
  if (interval !== undefined && intervalSeconds === undefined) badDuration(tree, 'interval', { where, problems })
  const rules = (tree.get('rules')?.items() ?? []).flatMap((rule) => readRule(rule, { where, problems, intervalSeconds }) ?? [])
  return { name, offset: tree.offset, rules }
}

interface Surroundings {
  readonly where: string
  readonly problems: ShapeProblem[]
  readonly intervalSeconds?: number | undefined
}

function readRule(tree: Tree, around: Surroundings): Rule | undefined {
  const { problems } = around
  const alert = tree.get('alert')?.word()
  const record = tree.get('record')?.word()
  const name = alert ?? record
  const text = tree.get('expr')?.text()
  const problem = (message: string, fix: string, at = tree): void => {
    problems.push({ offset: at.offset, where: name === undefined ? around.where : `rule ${name}`, message, fix })
  }
  if (name === undefined) {
    problem('a rule that is neither `alert` nor `record`', 'name it')
    return undefined
  }
  const kind = alert === undefined ? 'recording' : 'alert'
  const where = `${kind === 'alert' ? 'alert' : 'record'} ${name}`
  unknownKeys(tree, RULE_KEYS, { where, problems })
  if (alert !== undefined && record !== undefined) problem('a rule that is both `alert` and `record`', 'make two of it')
  if (kind === 'recording') {
    for (const key of ['for', 'keep_firing_for', 'annotations']) {
      if (tree.get(key) !== undefined) problem(`\`${key}\` does not go with \`record\``, `take \`${key}\` out`, tree.get(key))
    }
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) problem(`\`${name}\` is no metric name`, 'letters, digits, `_` and `:` make one')
  }
  for (const key of ['for', 'keep_firing_for']) {
    const value = tree.get(key)?.word()
    if (value !== undefined && durationSeconds(value) === undefined) badDuration(tree, key, { where, problems })
  }
  if (text === undefined) {
    // A bare number is an expression too, and no query to look into.
    if (tree.get('expr')?.number() === undefined) problem('a rule without an expression', 'give it an `expr`')
    return undefined
  }
  const labels = texts(tree.get('labels'))
  const annotations = texts(tree.get('annotations'))
  const beside = [...labels, ...annotations].map((one) => one.text)
  return {
    kind,
    name,
    where,
    offset: tree.offset,
    query: readQuery(text, { purpose: kind, where, beside, templated: false }),
    forSeconds: durationSeconds(tree.get('for')?.word() ?? '0') ?? 0,
    forOffset: tree.get('for')?.offset ?? tree.offset,
    intervalSeconds: around.intervalSeconds,
    labels,
    annotations,
  }
}

function texts(tree: Tree | undefined): Rule['labels'] {
  return (tree?.entries() ?? []).flatMap(({ key, value }) => {
    const text = value?.text()
    return text === undefined ? [] : [{ name: key, text }]
  })
}

function unknownKeys(tree: Tree, known: ReadonlySet<string>, { where, problems }: Surroundings): void {
  for (const { key, keyOffset } of tree.entries()) {
    if (!known.has(key)) problems.push({ offset: keyOffset, where, message: `\`${key}\` is no key here`, fix: `one of ${[...known].join(', ')}` })
  }
}

function badDuration(tree: Tree, key: string, { where, problems }: Surroundings): void {
  const value = tree.get(key)
  problems.push({
    offset: value?.offset ?? tree.offset,
    where,
    message: `\`${key}: ${value?.word() ?? ''}\` is no duration`,
    fix: 'write it as `30s`, `5m` or `1h30m`',
  })
}
