/*
 * The commands of TELNET (RFC 854 and 855) that clients put between the lines: PuTTY's as it connects,
 * and telnet's own at Ctrl-C. They begin with a byte that no UTF-8 text has.
 */
/** The least of the commands: other bytes do not follow an IAC. */
const COMMAND_MIN = 236
const SE = 240
const SB = 250
const WILL = 251
const WONT = 252
const DO = 253
const DONT = 254
const IAC = 255

/** How far a command has come. */
const State = {
  TEXT: 0,
  /** IAC was there. */
  COMMAND: 1,
  /** WILL, WONT, DO or DONT was there. */
  OPTION: 2,
  /** Between IAC SB and IAC SE. */
  SUBNEGOTIATION: 3,
  SUBNEGOTIATION_COMMAND: 4,
} as const
type State = (typeof State)[keyof typeof State]

/** Takes the commands out of what a client sends, and refuses every option that it offers or asks for. */
export class Telnet {
  #state: State = State.TEXT
  #verb = 0
  #refusals: number[] = []

  /** Whether something is to be answered. */
  get hasReply(): boolean {
    return this.#refusals.length > 0
  }

  /** What is to be answered, before the lines of the chunk. */
  takeReply(): Uint8Array {
    const reply = Uint8Array.from(this.#refusals)
    this.#refusals = []
    return reply
  }

  /** @returns what is left of a chunk; the chunk itself when there is no command in it */
  take(chunk: Uint8Array): Uint8Array {
    if (this.#state === State.TEXT && !chunk.includes(IAC)) return chunk
    const text: number[] = []
    for (const byte of chunk) this.#takeByte(byte, text)
    return Uint8Array.from(text)
  }

  #takeByte(byte: number, text: number[]): void {
    switch (this.#state) {
      case State.TEXT:
        if (byte === IAC) this.#state = State.COMMAND
        else text.push(byte)
        return
      case State.COMMAND:
        this.#takeCommand(byte, text)
        return
      case State.OPTION:
        // What is not wanted needs no answer, as it is not so.
        if (this.#verb === DO) this.#refusals.push(IAC, WONT, byte)
        if (this.#verb === WILL) this.#refusals.push(IAC, DONT, byte)
        this.#state = State.TEXT
        return
      case State.SUBNEGOTIATION:
        if (byte === IAC) this.#state = State.SUBNEGOTIATION_COMMAND
        return
      case State.SUBNEGOTIATION_COMMAND:
        this.#state = byte === SE ? State.TEXT : State.SUBNEGOTIATION
        return
      default:
        this.#state satisfies never
    }
  }

  #takeCommand(byte: number, text: number[]): void {
    this.#verb = byte
    this.#state = State.TEXT
    // It was no command: both bytes are the client's.
    if (byte < COMMAND_MIN) text.push(IAC, byte)
    else if (byte === IAC) text.push(IAC)
    else if (byte === SB) this.#state = State.SUBNEGOTIATION
    else if (byte >= WILL) this.#state = State.OPTION
  }
}
