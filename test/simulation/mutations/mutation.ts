/** A mistake that could be made in one line of the server. */
export interface Mutation {
  readonly name: string
  readonly file: string
  /** Stands in the file once. */
  readonly text: string
  readonly replacement: string
}
