/** The contract language, its engine, and what clients read contracts by. Exports only. */

export type { CallFault } from './engine/check-calls.ts';
export { didKeyOf, publicKeyOfDid } from './engine/did-key.ts';
export type {
  BlockInput,
  Engine,
  Execution,
  GenesisState,
} from './engine/engine.ts';
export { createEngine, foundingContractsOf } from './engine/engine.ts';
export { expiryAfter } from './engine/expiry.ts';
export { ledger } from './engine/ledger.ts';
export type { Operation, Usage } from './engine/meter.ts';
export {
  BLOCK_WORK_MAX_NS,
  CALL_DEPTH_MAX,
  METER_LIMITS,
  PACKED_WORK_MAX_NS,
  PRICES_NS,
} from './engine/meter.ts';
export type { RecordReaders } from './engine/open-records.ts';
export { openRecords } from './engine/open-records.ts';
export type { ParameterRow } from './engine/parameters.ts';
export { parseParameter, textAt } from './engine/parameters.ts';
export type { BlockContext } from './engine/session.ts';
export type { Refused } from './engine/signals.ts';
export type { StateView, StateWrite } from './engine/state-view.ts';
export type { Executed } from './engine/transactions.ts';
export { hookIdOf } from './engine/transactions.ts';
export type { BlockFailure, ContractsFailure, ReceiptCode } from './errors.ts';
export { CONTRACTS_ERRORS, ContractsError, explainContracts } from './errors.ts';
export { describeAmount, shiftDecimal } from './fields/amount-text.ts';
export {
  addDays,
  civilDateOf,
  daysBetween,
  instantText,
  isCivilDate,
  parseInstant,
} from './fields/calendar.ts';
export { CURRENCY_DECIMALS, isCurrency } from './fields/currencies.ts';
export { expectationOf } from './fields/expectation.ts';
export type {
  Field,
  Fields,
  Infer,
  InferFields,
  Money,
  OptionalField,
  Period,
  Quantity,
  Titles,
} from './fields/field.ts';
export { field } from './fields/field.ts';
export type { JsonValue } from './fields/json.ts';
export { fromJson, toJson } from './fields/json.ts';
export type { JsonSchema } from './fields/schema.ts';
export { jsonSchemaOf, schemaOf } from './fields/schema.ts';
export type { CharacterSet, FieldSpec, FieldTable, Words } from './fields/spec.ts';
export type {
  Action,
  Approvals,
  By,
  Guard,
  GuardedCall,
  Invariant,
  Verdict,
} from './language/action.ts';
export type {
  Actor,
  BaseContext,
  Context,
  Entitlement,
  Facts,
  GuardContext,
  HoldEnd,
  InvariantContext,
  Refusal,
  Stamp,
  SystemContext,
  Total,
  WritingContext,
} from './language/context.ts';
export type { Contract, Definition } from './language/definition.ts';
export { defineContract } from './language/definition.ts';
export type {
  EventDefinition,
  FailureDefinition,
  KeyOf,
  Link,
  ParameterDefinition,
  QueryDefinition,
  RecordDefinition,
  RoleDefinition,
  RowOf,
  SumDefinition,
} from './language/parts.ts';
export type { Authority, BlockFacts, Identified, RoleQuestion } from './language/system.ts';
export type { SchemaPart } from './manifest/canonical.ts';
export {
  contractHashOf,
  decodeSchemaPart,
  encodeSchemaPart,
  manifestHashIn,
  manifestHashOf,
  manifestRecordKey,
} from './manifest/canonical.ts';
export type { DecodedRecord, FoundFailure } from './manifest/consume.ts';
export {
  argumentsToJson,
  checkInput,
  decodeRecord,
  eventToJson,
  failureOf,
  fillWords,
  isForPeople,
  keyPrefixOf,
  keyToJson,
  overdueOf,
  publicCodeOf,
  recordKeyOf,
  validateInput,
} from './manifest/consume.ts';
export type {
  Manifest,
  ManifestAction,
  ManifestApprovals,
  ManifestBy,
  ManifestContract,
  ManifestFailure,
  ManifestGuard,
  ManifestParameter,
  ManifestQuery,
  ManifestRecord,
  ManifestRole,
} from './manifest/manifest.ts';
export { buildManifest, MANIFEST_FORMAT } from './manifest/manifest.ts';
export type { SchemaContract } from './manifest/schema-shape.ts';
