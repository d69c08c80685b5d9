import { Document, visit } from 'yaml'

/** Stands first in every YAML file that is written; what begins otherwise is somebody else's. */
const yamlMark = '# Written by signalbox export; the next export overwrites it.'

/** The tag that every dashboard carries. */
export const dashboardTag = 'signalbox'

/** A number in YAML 1.2, and to readers of version 1.1 that know it too. */
const OCTAL = /^[-+]?0o[0-7]+$/

/**
 * One YAML document in the order of the value's keys. Strings that YAML 1.1 takes for something else (`on`, `12:30`) are
 * quoted, because Prometheus and Kubernetes read that version; so are those that only 1.2 does.
 */
export function yamlText(value: unknown): string {
  const document = new Document(value, { version: '1.1', aliasDuplicateObjects: false })
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && OCTAL.test(node.value)) node.type = 'QUOTE_DOUBLE'
    },
  })
  return document.toString({ lineWidth: 0, indentSeq: false, directives: false })
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
