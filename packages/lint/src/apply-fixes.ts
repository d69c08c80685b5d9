import type { Edit, Finding, LintFile } from './types.ts'

export interface FixedFile {
  readonly path: string
  readonly text: string
  /** The findings whose edits were made. */
  readonly applied: readonly Finding[]
}

/**
 * The file with the edits of its findings made; everything else stays as it is, letter by letter. A finding whose edits overlap those
 * of an earlier one is left for another time, as a whole.
 */
export function applyFixes(file: LintFile, findings: readonly Finding[]): FixedFile {
  const taken: Edit[] = []
  const applied: Finding[] = []
  for (const finding of findings) {
    if (finding.path !== file.path || finding.edits.length === 0) continue
    const fresh = finding.edits.filter((edit) => !taken.some((one) => same(one, edit)))
    if (fresh.some((edit) => taken.some((one) => edit.start < one.end && one.start < edit.end))) continue
    taken.push(...fresh)
    applied.push(finding)
  }
  let text = ''
  let at = 0
  for (const edit of [...taken].sort((a, b) => a.start - b.start)) {
    text += file.text.slice(at, edit.start) + edit.text
    at = edit.end
  }
  return { path: file.path, text: text + file.text.slice(at), applied }
}

function same(a: Edit, b: Edit): boolean {
  return a.start === b.start && a.end === b.end && a.text === b.text
}
