import { Command, CommanderError } from 'commander'
import { configCommand } from './commands/config.ts'
import { decisionsCommand } from './commands/decisions.ts'
import { engineCommand } from './commands/engine.ts'
import { eventsCommand } from './commands/events.ts'
import { exportCommand } from './commands/export.ts'
import { lintCommand } from './commands/lint.ts'
import { loadCommand } from './commands/load.ts'
import { metricsCommand } from './commands/metrics.ts'
import { queryCommand } from './commands/query.ts'
import { replayCommand } from './commands/replay.ts'
import { gatewayCommand, monitorCommand } from './commands/single-roles.ts'
import { upCommand } from './commands/up.ts'
import { startRole } from './roles/start-role.ts'
import { runUnderSupervisor, StartError } from './supervisor/role-process.ts'
import { version } from './version.ts'

async function main(args: readonly string[]): Promise<void> {
  // What a supervisor starts: no flags to parse, its settings come over the channel.
  if (args[0] === 'role' && process.send !== undefined) {
    runUnderSupervisor(startRole)
    return
  }
  const program = new Command('signalbox')
    .description('The signal box of an LLM inference fleet: routes requests, explains every choice, watches the whole.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .showHelpAfterError('(--help lists what there is)')
    .showSuggestionAfterError()
    .exitOverride()
  const commands = [
    upCommand(),
    gatewayCommand(),
    monitorCommand(),
    engineCommand(),
    decisionsCommand(),
    eventsCommand(),
    metricsCommand(),
    exportCommand(),
    lintCommand(),
    queryCommand(),
    replayCommand(),
    loadCommand(),
    configCommand(),
  ]
  for (const command of commands) program.addCommand(command.exitOverride())
  program
    .command('version')
    .description('print the version')
    .action(() => console.log(version))
  await program.parseAsync(args, { from: 'user' })
}

// Whoever reads us may have had enough (`| head`): that ends the command and is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof CommanderError) process.exitCode = error.exitCode
  else if (error instanceof StartError) {
    console.error(error.message)
    process.exitCode = 1
  } else throw error
})
