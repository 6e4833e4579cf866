/** What ends an import; apart from the engine, so that naming it does not load the formats. */

/** A file that cannot be read at all, or a ledger that refuses the budget. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}
