/** What ends an import; apart from the engine, so that naming it does not load the formats. */

/** The ledger refuses the budget. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}
