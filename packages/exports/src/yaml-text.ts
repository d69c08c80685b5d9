import { stringify } from 'yaml'

/** Stands first in every YAML file that is written; what begins otherwise is somebody else's. */
export const yamlMark = '# Written by signalbox export; the next export overwrites it.'

/** The tag that every dashboard carries. */
export const dashboardTag = 'signalbox'

/**
 * One YAML document in the order of the value's keys. Strings that YAML 1.1 takes for something else (`on`, `12:30`) are
 * quoted, because Prometheus and Kubernetes read that version.
 */
export function yamlText(value: unknown): string {
  return stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false, indentSeq: false })
}

/** A file of YAML documents under the mark, and under `comments`, a line each. */
export function yamlFile(documents: readonly unknown[], comments: readonly string[] = []): string {
  return [yamlMark, ...comments.map((line) => `# ${line}`), documents.map(yamlText).join('---\n')].join('\n')
}

/** Whether a file holds what an export wrote, so that another export may overwrite it. */
export function isExport(text: string): boolean {
  return text.startsWith(yamlMark) || isOwnDashboard(text)
}

function isOwnDashboard(text: string): boolean {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return false
  }
  const tags = (value as { tags?: unknown } | null)?.tags
  return Array.isArray(tags) && tags.includes(dashboardTag)
}
