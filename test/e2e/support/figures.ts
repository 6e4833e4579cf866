/** Measured figures beside the name of the test that measured them. */

export function tellFigure(text: string): void {
  process.stdout.write(`      ${text}\n`);
}
