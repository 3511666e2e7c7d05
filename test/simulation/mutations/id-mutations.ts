import type { Mutation } from "./mutation.ts"

const GENERATOR = "server/generator/generator.ts"
const FIRST_MARK = "server/generator/first-mark.ts"
const RESERVATION = "server/generator/reservation.ts"
const TRUSTED_CLOCK = "server/generator/trusted-clock.ts"

/** In what decides which ids there are: generator, clock and mark. */
export const ID_MUTATIONS: readonly Mutation[] = [
  {
    name: "the bound moves before the mark is stored",
    file: RESERVATION,
    text: "    this.#writing = true\n",
    replacement: "    this.#writing = true; this.bound = mark\n",
  },
  {
    name: "a write that failed counts as done",
    file: RESERVATION,
    text: "if (error !== undefined) this.#fail(error)",
    replacement: "if (error !== undefined && this.#failed) this.#fail(error)",
  },
  {
    name: "the first ids do not wait for the first mark",
    file: FIRST_MARK,
    text: "store.extend(bound, (error) => (error === undefined ? resolve() : reject(error)))",
    replacement: "store.extend(bound, () => {}); resolve()",
  },
  {
    name: "a start begins a millisecond before the mark",
    file: GENERATOR,
    text: "    this.#time = mark - 1\n",
    replacement: "    this.#time = mark - 2\n",
  },
  {
    name: "a stop stores the time of the last id, not the one after",
    file: GENERATOR,
    text: "return this.#lastIssuedTime + 1",
    replacement: "return this.#lastIssuedTime",
  },
  {
    name: "the clock is followed whenever it differs",
    file: GENERATOR,
    text: "    if (lead >= 0) return\n",
    replacement: "    if (lead === 0) return\n",
  },
  {
    name: "the time may reach the mark",
    file: GENERATOR,
    text: "return this.#time + 1 >= this.#reservation.bound",
    replacement: "return this.#time >= this.#reservation.bound",
  },
  {
    name: "the sequence wraps",
    file: GENERATOR,
    text: "this.#next + count > COUNT_MAX)",
    replacement: "this.#next >= COUNT_MAX)",
  },
  {
    name: "a block leaves one id too few behind it",
    file: GENERATOR,
    text: "    this.#next += count\n",
    replacement: "    this.#next += count - 1 || 1\n",
  },
  {
    name: "time that was not used while the clock is behind is saved up",
    file: GENERATOR,
    text: "Math.min(this.#ceiling + passedMs, this.#time + BURST_MS)",
    replacement: "this.#ceiling + passedMs",
  },
  {
    name: "no bound on how far ids may be ahead of the clock",
    file: GENERATOR,
    text: "else this.#ceiling = Math.min(this.#ceiling, this.#wall + this.#maxClockLeadMs)",
    replacement: "",
  },
  {
    name: "the full reserve is kept also ahead of the clock",
    file: RESERVATION,
    text: "time + AHEAD_RESERVE_MS), TIME_LIMIT)",
    replacement: "time + RESERVE_MS), TIME_LIMIT)",
  },
  {
    name: "the mark is not extended after a failure",
    file: RESERVATION,
    text: "this.#environment.monotonicMs() < this.#retryAtMs) return",
    replacement: "this.#retryAtMs > 0) return",
  },
  {
    name: "the time of the last id is not remembered",
    file: GENERATOR,
    text: "      this.#lastIssuedTime = this.#time\n",
    replacement: "",
  },
  {
    name: "the clock being behind is never a reason to refuse",
    file: GENERATOR,
    text: "if (lead > this.#maxClockLeadMs) this.#hold = Status.CLOCK_BEHIND",
    replacement: "if (lead > Infinity) this.#hold = Status.CLOCK_BEHIND",
  },
  {
    name: "the first mark does not look at the one before",
    file: FIRST_MARK,
    text: "reservedUpTo(clock.read() - epochMs, mark)",
    replacement: "reservedUpTo(clock.read() - epochMs, 0)",
  },
  {
    name: "an unconfirmed leap is followed",
    file: TRUSTED_CLOCK,
    text: "return wall - due > this.limitMs ?",
    replacement: "return wall - due > Infinity ?",
  },
  {
    name: "a leap is followed when it is seen for the second time",
    file: TRUSTED_CLOCK,
    text: "    this.#checkedMs = NaN\n",
    replacement: "    this.#checkedMs = wall\n",
  },
  {
    name: "a leap that peers contradict is followed after 5 s",
    file: TRUSTED_CLOCK,
    text: "if (contradicting > agreeing) doubt.isContradicted = true",
    replacement: "if (contradicting > Infinity) doubt.isContradicted = true",
  },
  {
    name: "a leap that stands is never followed",
    file: TRUSTED_CLOCK,
    text: "agreeing > contradicting || this.#hasStood(doubt, now, standMs)",
    replacement: "agreeing > contradicting",
  },
  {
    name: "a start believes a clock that peers contradict",
    file: "server/clock-watch.ts",
    text: "    this.#clock.judge(votes, standMs)\n",
    replacement:
      "    this.#clock.judge(standMs === 0 ? { agreeing: 1, contradicting: 0 } : votes, standMs)\n",
  },
  {
    name: "a start with a clock that peers contradict stores its first mark all the same",
    file: "server/node.ts",
    text: "if (clock.isKnown) reservation.begin(await storeFirstMark(mark, epochMs, store, clock))",
    replacement:
      "reservation.begin(await storeFirstMark(mark, epochMs, store, { read: () => environment.wallMs() } as TrustedClock))",
  },
  {
    name: "a step back is taken for the right time",
    file: TRUSTED_CLOCK,
    text: "    if (wall >= this.#latestMs) {\n",
    replacement: "    if (wall >= 0) {\n",
  },
  {
    name: "no bound on how far ids may be behind the clock",
    file: GENERATOR,
    text: "else if (lagMs > this.#maxClockLagMs) this.#hold = Outcome.WAIT",
    replacement: "else if (lagMs > Infinity) this.#hold = Outcome.WAIT",
  },
  {
    name: "ids go on below a mark that cannot be stored, however old they get",
    file: GENERATOR,
    text: "    else this.#lag(-lead)\n",
    replacement: "",
  },
]
