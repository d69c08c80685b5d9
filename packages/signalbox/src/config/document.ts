import { z } from 'zod'
import { configSchema } from './schema.ts'

interface JsonSchema {
  readonly description?: string
  readonly default?: unknown
  readonly type?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
}

/** The text of docs/configuration.md, from the schema itself. */
export function configurationDocument(): string {
  const schema = z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema
  const lines = [
    '# Configuration',
    '',
    'One file, `signalbox.yaml` in the working directory or `--config FILE`. Every key has a default; unknown keys are refused with a suggestion. Durations are',
    'milliseconds, sizes bytes, paths are taken from the folder of the file. Flags (`signalbox up --help`) override the few values that people change by hand. `signalbox config check [FILE]` checks a file and, with `--json`,',
    'prints everything it amounts to.',
    '',
    'This page is written from the schema in `packages/signalbox/src/config/schema.ts` (`UPDATE_GOLDEN=1 npx vitest run packages/signalbox`).',
    '',
    '| Key | Default | Meaning |',
    '|---|---|---|',
  ]
  const visit = (properties: Readonly<Record<string, JsonSchema>>, prefix: string): void => {
    for (const [key, value] of Object.entries(properties)) {
      if (value.properties !== undefined) visit(value.properties, `${prefix}${key}.`)
      else
        lines.push(
          `| \`${prefix}${key}\` | ${value.default === undefined ? 'none' : `\`${JSON.stringify(value.default)}\``} | ${value.description ?? ''} |`,
        )
    }
  }
  visit(schema.properties ?? {}, '')
  lines.push(
    '',
    '## The endpoints file',
    '',
    '```yaml',
    '- http://gpu1:8000',
    '- id: big                 # name in metrics and records; default host:port',
    '  url: http://gpu2:8000',
    '```',
    '',
    'The file is looked at four times a second. A change adds and removes endpoints; requests under way on a removed one end there. A file that cannot be read or is wrong',
    'changes nothing: the reason is logged and `signalbox_endpoints_reloads_total{result="refused"}` counts it.',
    '',
  )
  return lines.join('\n')
}
