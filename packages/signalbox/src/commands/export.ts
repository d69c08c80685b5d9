import { Command, Option } from 'commander'
import type { GrafanaFlags, KubernetesFlags, PrometheusConfigFlags, PrometheusRulesFlags } from './export-actions.ts'
import { address, dialectNames, kubernetesLabels, namespaceName, namespaceNames, rankCount, scrapeInterval, spellingNames } from './export-flags.ts'

const DEFAULT_INTERVAL_SECONDS = 15

/** Loaded when an export is asked for: Grafana's builders would be evaluated by every process of a fleet. */
const actions = () => import('./export-actions.ts')

export function exportCommand(): Command {
  const command = new Command('export')
    .description('write dashboards, rules, scrape configuration and Kubernetes objects for other programs')
    .addHelpText('after', '\nWithout --out, one document goes to the terminal. `signalbox export <what> --help` has examples.')
  for (const sub of [grafanaCommand(), rulesCommand(), configCommand(), kubernetesCommand()]) command.addCommand(sub)
  return command
}

function grafanaCommand(): Command {
  return withOutput(withDialects(new Command('grafana')))
    .description('dashboards as the JSON that Grafana imports')
    .option('--dashboard <uid>', 'only this one')
    .addHelpText(
      'after',
      examples(
        'export grafana --dashboard llm-performance > llm-performance.json',
        'export grafana --against http://prometheus:9090 --out dashboards',
      ),
    )
    .action(async (flags: GrafanaFlags) => (await actions()).exportGrafana(flags))
}

function rulesCommand(): Command {
  return withConfig(withOutput(withDialects(new Command('prometheus-rules'))))
    .description('recording and alerting rules; with --out also their tests for `promtool test rules`')
    .option('--runbooks <address>', 'page that explains the alerts, for a runbook_url in each', address)
    .addHelpText(
      'after',
      examples('export prometheus-rules > signalbox.rules.yml', 'export prometheus-rules --dialects vllm,sglang,llm-d-epp --out rules'),
    )
    .action(async (flags: PrometheusRulesFlags) => (await actions()).exportPrometheusRules(flags))
}

function configCommand(): Command {
  return withConfig(withOutput(withInterval(new Command('prometheus-config'))))
    .description('scrape configuration: the five jobs of an llm-d deployment, or with --static the processes of the configuration file')
    .option('--static', 'the addresses of gateway, monitor and engines, without Kubernetes')
    .option('--namespaces <names>', 'Kubernetes namespaces to look in, with commas (default: all)', namespaceNames)
    .option(
      '--token-file <file>',
      'where the Prometheus finds the token that endpoint pickers ask for',
      '/var/run/secrets/kubernetes.io/serviceaccount/token',
    )
    .option('--rule-files <pattern...>', 'rule files, seen from the configuration file', ['*.rules.yml'])
    .addHelpText(
      'after',
      examples(
        'export prometheus-config --namespaces llm-d > prometheus.yml',
        'export prometheus-config --static --scrape-interval 5s --out prometheus',
      ),
    )
    .action(async (flags: PrometheusConfigFlags) => (await actions()).exportPrometheusConfig(flags))
}

function kubernetesCommand(): Command {
  return withConfig(withOutput(withInterval(withDialects(new Command('kubernetes')))))
    .description('ServiceMonitors, PodMonitors, PrometheusRule, the right to read /metrics, and a ConfigMap for each dashboard')
    .option('--namespace <name>', 'where the objects are created', namespaceName, 'default')
    .option('--fleet-namespace <name>', 'where the fleet runs (default: the same)', namespaceName)
    .option('--labels <name=value,...>', 'labels for every object; the Prometheus operator often selects by `release`', kubernetesLabels)
    .option('--ranks <number>', "engines of one pod under data parallelism: their ports are called metrics, metrics-1, ... (Llumnix')", rankCount, 8)
    .option('--runbooks <address>', 'page that explains the alerts, for a runbook_url in each', address)
    .addHelpText(
      'after',
      examples('export kubernetes --namespace monitoring --fleet-namespace llm-d --labels release=prometheus | kubectl apply -f -'),
    )
    .action(async (flags: KubernetesFlags) => (await actions()).exportKubernetes(flags))
}

function withDialects(command: Command): Command {
  return command
    .option('--dialects <names>', 'whose metrics: names with commas, or `all` (default: vllm,llm-d-epp,signalbox,process)', dialectNames)
    .option('--spellings <prefixes>', 'how their names may also begin, with commas: ray_vllm: under Ray, sglang_ behind OpenTelemetry', spellingNames)
    .option('--against <url>', 'whose metrics: those that this Prometheus, or this page of metrics, serves', address)
    .option('--token-file <file>', 'file holding the bearer token, where the address of --against asks for one')
}

function withConfig(command: Command): Command {
  return command.option('-c, --config <file>', 'configuration file (default: signalbox.yaml where there is one)')
}

function withOutput(command: Command): Command {
  return command.option('--out <folder>', 'write files there, and print their names').option('--force', 'overwrite files that are not exports')
}

function withInterval(command: Command): Command {
  const option = new Option('--scrape-interval <duration>', 'between two scrapes, such as 5s or 1m')
  return command.addOption(option.argParser(scrapeInterval).default(DEFAULT_INTERVAL_SECONDS, `${DEFAULT_INTERVAL_SECONDS}s`))
}

function examples(...commands: readonly string[]): string {
  return `\nExamples:\n${commands.map((command) => `  signalbox ${command}`).join('\n')}`
}
