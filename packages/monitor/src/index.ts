export type { DemoFlags } from './console-api.ts'
export type { Log, LogLevel } from './ports.ts'
export { type Monitor, type MonitorConfig, type MonitorDeps, retentionMsDefault, seriesMaxDefault, startMonitor } from './start-monitor.ts'
export type { TargetConfig, TargetView } from './target.ts'
