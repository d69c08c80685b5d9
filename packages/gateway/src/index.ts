export {
  type GatewayConfig,
  type GatewayDeps,
  GatewayStartError,
  gatewayDefaults,
  type RunningGateway,
  startGateway,
} from './start-gateway.ts'
