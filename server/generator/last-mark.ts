import type { Generator } from "./generator.ts"
import type { Reservation } from "./reservation.ts"

/** What keeps the mark, and lets go of it. */
interface ClosableStore {
  /** @param mark the one to store before; undefined: it stays */
  close(mark: number | undefined): Promise<void>
}

/** Ends the giving out of ids and closes the store, whose mark stays when it is another's now. */
export async function storeLastMark(
  store: ClosableStore,
  reservation: Reservation,
  generator: Generator,
): Promise<void> {
  const mark = generator.stop()
  await store.close(reservation.lost === undefined ? mark : undefined)
}
