import type { Expr, Place } from '@signalbox/promql'
import type { Board, Panel, Query, Rule, RuleFile } from './document/model.ts'
import type { Edit, Severity } from './types.ts'

/** What a rule found, before its place in the file is worded. */
export interface Found {
  /** In the file, UTF-16. */
  readonly offset: number
  readonly where: string
  readonly message: string
  readonly evidence: string
  /** The rule's own, unless the case has a better one. */
  readonly fix?: string
  /** The rule's own, unless this case is milder. */
  readonly severity?: Severity
  readonly edits?: readonly Edit[]
}

/** What rules know beside the thing they look at. */
export interface Surroundings {
  readonly scrapeIntervalSeconds: number
  readonly versions: Readonly<Record<string, string>>
  /** Names that recording rules of the same files make. */
  readonly recorded: ReadonlySet<string>
  /** Names whose absence some alert of the same files watches. */
  readonly watched: ReadonlySet<string>
}

/** A query that could be parsed. */
export interface ParsedQuery extends Query {
  readonly expr: Expr
}

/** A rule of an alert or a recording whose query could be parsed. */
export interface ParsedRule extends Rule {
  readonly expr: Expr
}

/** One thing to look for. Each check gets all things of its kind, and answers what is wrong with that one. */
export interface LintRule {
  /** Unique, in kebab case. */
  readonly id: string
  /** `L01` and up; rules of one family share it. SOURCE of L01 to L20: reference/ux.md §1.13. */
  readonly code: string
  readonly severity: Severity
  /** What is tested: the beginning of a sentence that ends in a full stop. */
  readonly tests: string
  /** What goes wrong. */
  readonly why: string
  /** What to do instead. */
  readonly fix: string
  /** `siblings` are the queries of the same panel, this one too; by itself where there is none. */
  readonly query?: (query: ParsedQuery, surroundings: Surroundings, siblings: readonly ParsedQuery[]) => readonly Found[]
  /** Queries that do not parse. */
  readonly brokenQuery?: (query: Query) => readonly Found[]
  readonly panel?: (panel: Panel, surroundings: Surroundings) => readonly Found[]
  readonly board?: (board: Board, surroundings: Surroundings) => readonly Found[]
  readonly rule?: (rule: ParsedRule, surroundings: Surroundings) => readonly Found[]
  readonly ruleFile?: (file: RuleFile) => readonly Found[]
}

/** A finding at a part of a query. */
export function foundIn(
  query: Query,
  place: Pick<Place, 'start' | 'end'>,
  message: string,
  more: Partial<Pick<Found, 'fix' | 'severity' | 'edits'>> = {},
): Found {
  return { offset: query.plain.at(place.start), where: query.where, message, evidence: partOf(query, place), ...more }
}

/** The text of a part, as the document has it. Variables read as they are written where the part has none of them. */
function partOf(query: Query, { start, end }: Pick<Place, 'start' | 'end'>): string {
  const written = query.plain.text === query.text.text ? query.text.text.slice(start, end) : originalPart(query, start, end)
  return written.replace(/\s+/g, ' ').trim()
}

function originalPart({ plain, text }: Query, start: number, end: number): string {
  const [from, to] = [plain.at(start), plain.at(end)]
  let first = 0
  while (first < text.text.length && text.at(first) < from) first++
  let last = first
  while (last < text.text.length && text.at(last) < to) last++
  return text.text.slice(first, last)
}

/** True where a part of the query holds a variable outside strings. */
export function isTemplated(query: Query, place: Pick<Place, 'start' | 'end'>): boolean {
  return query.variables.length > 0 && /\$|\[\[/.test(partOf(query, place))
}
