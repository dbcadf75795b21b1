/** Something the person at the terminal can mend: shown as a message, without a stack. */
export class StartFault extends Error {
  override name = "StartFault";
}
