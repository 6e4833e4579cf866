/** The contract language, its engine, and what clients read contracts by. Exports only. */
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
export type { CharacterSet, FieldSpec, FieldTable, Words } from './fields/spec.ts';
export type {
  Actor,
  BaseContext,
  Context,
  Entitlement,
  Facts,
  Refusal,
  Stamp,
  SystemContext,
  Total,
  WritingContext,
} from './language/context.ts';
export type { Action, Approvals, By, Guard, Invariant, Verdict } from './language/action.ts';
export type { Contract, Definition } from './language/definition.ts';
export { defineContract } from './language/definition.ts';
export type {
  EventDefinition,
  FailureDefinition,
  KeyOf,
  ParameterDefinition,
  QueryDefinition,
  RecordDefinition,
  RoleDefinition,
  RowOf,
  SumDefinition,
} from './language/parts.ts';
export type { Authority, BlockFacts, Identified, RoleQuestion } from './language/system.ts';
