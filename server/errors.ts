/** How a command that failed ends. */
export const ExitCode = {
  /** Something on the machine is in the way: a port, a disk, a damaged file, another process. */
  FAILURE: 1,
  /** What was asked for is wrong. The same command line will fail again. */
  USAGE: 2,
  /** Another process has taken over the node's identity. Whoever starts this node again takes it back. */
  IDENTITY_LOST: 3,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** Why a command or a node cannot go on: one sentence for an operator. */
export class ServerError extends Error {
  override readonly name: string = "ServerError"
  readonly exitCode: ExitCode

  constructor(message: string, options?: ErrorOptions, exitCode: ExitCode = ExitCode.FAILURE) {
    super(message, options)
    this.exitCode = exitCode
  }
}
