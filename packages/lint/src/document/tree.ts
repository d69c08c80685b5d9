import { type Document, isAlias, isMap, isScalar, isSeq, type ParsedNode, parseAllDocuments, type Scalar } from 'yaml'
import type { MappedText } from './mapped-text.ts'
import { type ScalarStyle, scalarIndices } from './scalar-map.ts'

export interface SyntaxProblem {
  readonly offset: number
  readonly message: string
}

const STYLES: Readonly<Record<string, ScalarStyle>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'block',
  BLOCK_FOLDED: 'block',
}

/** A value of a YAML or JSON document that knows where in the file it stands. Values of an unexpected kind read as absent. */
export class Tree {
  readonly #node: ParsedNode
  readonly #document: Document
  readonly #source: MappedText

  constructor(node: ParsedNode, document: Document, source: MappedText) {
    this.#node = node
    this.#document = document
    this.#source = source
  }

  /** Where the value begins in the file. */
  get offset(): number {
    return this.#source.at(this.#node.range[0])
  }

  get(key: string): Tree | undefined {
    if (!isMap(this.#node)) return undefined
    for (const pair of this.#node.items) {
      if (isScalar(pair.key) && pair.key.value === key) return this.#child(pair.value as ParsedNode | null)
    }
    return undefined
  }

  /** The value under a chain of keys. */
  path(...keys: readonly string[]): Tree | undefined {
    const [key, ...rest] = keys
    return key === undefined ? this : this.get(key)?.path(...rest)
  }

  /** A map's entries in order; none of anything else. Keys that are no plain text are left out. */
  entries(): readonly { readonly key: string; readonly keyOffset: number; readonly value: Tree | undefined }[] {
    if (!isMap(this.#node)) return []
    return this.#node.items.flatMap((pair) => {
      if (!isScalar(pair.key)) return []
      const keyOffset = this.#source.at((pair.key as Scalar.Parsed).range[0])
      return [{ key: String(pair.key.value), keyOffset, value: this.#child(pair.value as ParsedNode | null) }]
    })
  }

  /** A list's items in order; none of anything else. */
  items(): readonly Tree[] {
    if (!isSeq(this.#node)) return []
    return this.#node.items.flatMap((item) => this.#child(item as ParsedNode | null) ?? [])
  }

  isList(): boolean {
    return isSeq(this.#node)
  }

  /** A string, with the place of each character; where the places cannot be told, all of them are that of the value. */
  text(): MappedText | undefined {
    const node = this.#node
    if (!isScalar(node) || typeof node.value !== 'string') return undefined
    const value = node.value
    const style = STYLES[node.type ?? 'PLAIN'] ?? 'plain'
    const [from, to] = node.range
    const file = this.#source.text
    const start = style === 'block' ? blockStart(file, from) : style === 'plain' ? from : from + 1
    const indices = scalarIndices(file, { style, start, end: to }, value) ?? new Uint32Array(value.length + 1).fill(from)
    return this.#source.derive(value, indices)
  }

  /** A string's text, or a number as it reads. */
  word(): string | undefined {
    if (!isScalar(this.#node)) return undefined
    const { value } = this.#node
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
  }

  number(): number | undefined {
    return isScalar(this.#node) && typeof this.#node.value === 'number' ? this.#node.value : undefined
  }

  isTrue(): boolean {
    return isScalar(this.#node) && this.#node.value === true
  }

  #child(node: ParsedNode | null | undefined): Tree | undefined {
    const target = isAlias(node) ? (node.resolve(this.#document) as ParsedNode | undefined) : node
    return target === null || target === undefined ? undefined : new Tree(target, this.#document, this.#source)
  }
}

/** Every document of a YAML stream; JSON is the case of one document. Problems have offsets of the file. */
export function readTrees(source: MappedText): { readonly trees: readonly Tree[]; readonly problems: readonly SyntaxProblem[] } {
  const trees: Tree[] = []
  const problems: SyntaxProblem[] = []
  const documents = parseAllDocuments(source.text, { uniqueKeys: false, logLevel: 'silent', prettyErrors: false })
  for (const document of documents) {
    const [error] = document.errors
    if (error !== undefined) problems.push({ offset: source.at(error.pos[0]), message: firstLine(error.message) })
    else if (document.contents !== null) trees.push(new Tree(document.contents as ParsedNode, document as Document, source))
  }
  return { trees, problems }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text
}

/** The first line after a block scalar's header. */
function blockStart(file: string, from: number): number {
  const end = file.indexOf('\n', from)
  return end < 0 ? file.length : end + 1
}
