export { type GatewayDialect, gatewayDialects } from './exposed-entries.ts'
export { type Objectives, objectivesDefault } from './goodput.ts'
export { gatewaySignals } from './recorded-signals.ts'
export {
  type GatewayConfig,
  type GatewayDeps,
  GatewayStartError,
  gatewayDefaults,
  type RunningGateway,
  startGateway,
} from './start-gateway.ts'
