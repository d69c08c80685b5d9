import type { LintFile } from '../types.ts'
import { isClassicBoard, readClassicBoard } from './grafana.ts'
import { isSchemaV2, readSchemaV2 } from './grafana-v2.ts'
import { MappedText } from './mapped-text.ts'
import type { LintDocument } from './model.ts'
import { isRuleFile, readRuleFile } from './rule-file.ts'
import { readTrees, type SyntaxProblem, type Tree } from './tree.ts'

/** Objects in lists in objects: as deep as anything real. */
const NESTING_MAX = 6

export interface FileReading {
  readonly documents: readonly LintDocument[]
  readonly problems: readonly SyntaxProblem[]
}

/**
 * Every dashboard and rule file in a file: by itself, in a stream of YAML documents, as a PrometheusRule, a GrafanaDashboard, in a ConfigMap,
 * in a List. Documents of other kinds are passed over.
 */
export function readFile(file: LintFile): FileReading {
  return readStream(new MappedText(file.text), file.path, 0)
}

function readStream(source: MappedText, path: string, depth: number): FileReading {
  const documents: LintDocument[] = []
  const { trees, problems } = readTrees(source)
  const all = [...problems]
  for (const tree of trees) {
    const reading = readTree(tree, path, depth)
    documents.push(...reading.documents)
    all.push(...reading.problems)
  }
  return { documents, problems: all }
}

function readTree(tree: Tree, path: string, depth: number): FileReading {
  const found = (document: LintDocument): FileReading => ({ documents: [document], problems: [] })
  if (depth > NESTING_MAX) return { documents: [], problems: [] }
  if (isRuleFile(tree)) return found(readRuleFile(tree, path))
  if (isSchemaV2(tree)) return found(readSchemaV2(tree, path))
  if (isClassicBoard(tree)) return found(readClassicBoard(tree, path))
  const inner = [
    ...embeddedTrees(tree).map((one) => readTree(one, path, depth + 1)),
    ...embeddedTexts(tree).map((text) => readStream(text, path, depth + 1)),
  ]
  return { documents: inner.flatMap(({ documents }) => documents), problems: inner.flatMap(({ problems }) => problems) }
}

/** `spec` of a Kubernetes object, `dashboard` of an API's answer, the items of a list. */
function embeddedTrees(tree: Tree): readonly Tree[] {
  return [
    tree.get('spec'),
    tree.get('dashboard'),
    ...(tree.get('kind')?.word()?.endsWith('List') === true ? (tree.get('items')?.items() ?? []) : []),
  ].flatMap((one) => one ?? [])
}

/** The files in a ConfigMap, and the text of a GrafanaDashboard. */
function embeddedTexts(tree: Tree): readonly MappedText[] {
  const files = tree.get('kind')?.word() === 'ConfigMap' ? (tree.get('data')?.entries() ?? []) : []
  const texts = files.flatMap(({ key, value }) => (/\.(json|ya?ml|rules)$/.test(key) ? (value?.text() ?? []) : []))
  const json = tree.get('json')?.text()
  return json === undefined ? texts : [...texts, json]
}
