import { servedRule } from './lint-against.ts'
import { lintRules } from './registry.ts'

/** The text of docs/lint.md: how the command is used, and every rule from the data itself. */
export function rulesPage(): string {
  const rows = [...lintRules, servedRule].map(
    ({ code, id, severity, tests, why, fix }) => `| ${code} | \`${id}\` | ${severity} | ${cell(tests)} | ${cell(why)} | ${cell(fix)} |`,
  )
  return `${[...INTRODUCTION, ...rows].join('\n')}\n`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

const INTRODUCTION: readonly string[] = [
  '# Lint',
  '',
  '`signalbox lint PATH…` reads Grafana dashboards and Prometheus rules and says what in them is wrong: metrics that were renamed or removed, rates of gauges, quantiles that are none,',
  'panels without a unit, alerts that cannot fire. Each finding has its place in the file, the part that shows it, and what to do instead.',
  '',
  '```',
  '$ signalbox lint rules.yaml',
  'rules.yaml:6:19  error  L03 removed-metric  alert CacheFull: `vllm:gpu_cache_usage_perc` is hidden from 0.11 on; it is `vllm:kv_cache_usage_perc` now; the alert cannot fire',
  '    vllm:gpu_cache_usage_perc',
  '    fix: write `vllm:kv_cache_usage_perc` (--fix does it)',
  '```',
  '',
  '## What it reads',
  '',
  'Dashboards of Grafana (the classic schema with rows old and new, and schema v2), rule files, PrometheusRule and GrafanaDashboard objects, ConfigMaps that hold any of these, in JSON or YAML, several',
  'documents in one file. A folder stands for every `.json`, `.yaml` and `.yml` below it, `-` for standard input. At most 10,000 files of 16 MiB. Library panels are skipped, and so are templates that are not YAML yet.',
  '',
  "A dashboard's variables are taken for what their place allows: a length of time in brackets, a name before `{`. A query that cannot be read without their values is not judged.",
  '',
  '## Options',
  '',
  '| Option | Effect |',
  '|---|---|',
  '| `--fix` | writes the current names of renamed metrics and labels into the files, where name and labels are all that changed: same type, same unit. Nothing else in the file is touched. Where more differs the finding says so |',
  '| `--fix --dry-run` | prints the lines that would change |',
  '| `--against URL` | also asks a Prometheus, or one page of metrics, whether each series is there. `--token-file FILE` holds the bearer token |',
  '| `--assume vllm=0.10` | names that this version shows are not called deprecated. Systems: `vllm`, `epp` and the other speakers of [metrics.md](metrics.md) |',
  '| `--scrape-interval SECONDS` | what windows are measured by; 15 unless told otherwise |',
  '| `--ignore RULE…`, `--severity error` | leaves rules out; lets warnings pass |',
  '| `--json` | one object with `schema_version`, `findings`, `unreadable`, `failures`, counts |',
  '',
  'Exit codes, for CI: 0 nothing worse than an info, 1 findings, 2 a file could not be read or a named one is no dashboard or rule file.',
  '',
  '## What it knows, and what not',
  '',
  'Names, types, units, labels, bounds and versions are those of the [vocabulary](metrics.md). A name that the vocabulary does not have is no finding: it may be of any exporter, or a recording rule. Only with `--against`',
  'is each series looked for. A query that reads an old and a new name of one signal, so as to work with both versions, is not told to drop the old one. What recording rules in the same run make is known.',
  '',
  '## Rules',
  '',
  'This table is written from the rules in `packages/lint` (`UPDATE_GOLDEN=1 npx vitest run packages/lint`). An error cannot do what it says, a warning misleads, an info is worth knowing and fails nothing.',
  '',
  '| | Rule | Severity | What | Why | Instead |',
  '|---|---|---|---|---|---|',
]
