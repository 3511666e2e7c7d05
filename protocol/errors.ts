/**
 * What a person or a client got wrong: an option, an address, an id, a line of text. The message is
 * one sentence for them. An error of any other class is a mistake of this code.
 */
export class InputError extends RangeError {
  override readonly name: string = "InputError"
}
