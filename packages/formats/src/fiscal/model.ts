/**
 * The model of a Fiscal Data Package: which column of which resource is an amount, a date, a party
 * or a code. Reads `model` (0.3 and 1.0) and its forerunner `mapping` (0.2), which real packages
 * still have.
 */
import type { JsonView } from '../json-view.ts';

/** A column of a resource, or a value that is the same in every row. */
export type Attribute = { readonly name: string; readonly labelFor?: string } & (
  | { readonly resource: string; readonly column: string }
  | { readonly constant: string }
);

/** A column of money. */
export interface Measure {
  readonly name: string;
  readonly pointer: string;
  readonly resource: string;
  readonly column: string;
  readonly currency: string;
  /** Decimal text by which every amount is multiplied. */
  readonly factor: string;
}

export interface Dimension {
  readonly name: string;
  /** `datetime`, `entity`, `classification`, `activity`, `fact`, `location`, `other`. */
  readonly type: string;
  readonly attributes: readonly Attribute[];
  /** Names of the attributes that identify a value. */
  readonly keys: readonly string[];
}

export interface FiscalModel {
  readonly measures: readonly Measure[];
  readonly dimensions: readonly Dimension[];
}

/** Dimensions and attributes that say when; the first that says anything counts. */
export function startsIn({ dimensions }: FiscalModel): readonly (readonly [string, string])[] {
  const dates = dimensions.find(({ type }) => type === 'datetime');
  return [
    ['period', 'start'],
    [dates?.name ?? '', dates?.keys[0] ?? ''],
  ];
}

/** The column or constant of an attribute. */
export function attributeOf(
  { dimensions }: FiscalModel,
  dimension: string,
  attribute: string,
): Attribute | undefined {
  return dimensions
    .find(({ name }) => name === dimension)
    ?.attributes.find(({ name }) => name === attribute);
}

/** Header of the column of an attribute; '' where the model names none. */
export function columnOf(model: FiscalModel, dimension: string, attribute: string): string {
  const found = attributeOf(model, dimension, attribute);
  return found !== undefined && 'column' in found ? found.column : '';
}

/** Reads the model of a descriptor, as far as it goes; empty if it has none. */
export function readModel(descriptor: JsonView): FiscalModel {
  const model = descriptor.object('model');
  const mapping = descriptor.object('mapping');
  const first = descriptor.objects('resources')[0]?.text('name') ?? '';
  if (model !== undefined) {
    return {
      measures: fieldsOf(model.object('measures')).map((field) => readMeasure(field, first)),
      dimensions: fieldsOf(model.object('dimensions')).map((field) => readDimension(field, first)),
    };
  }
  return mapping === undefined ? { measures: [], dimensions: [] } : readMapping(mapping, first);
}

type Field = readonly [name: string, view: JsonView];

function fieldsOf(view: JsonView | undefined): readonly Field[] {
  return Object.keys(view?.json ?? {}).flatMap((name) => {
    const field = view?.object(name);
    return field === undefined ? [] : [[name, field] as const];
  });
}

function readMeasure([name, view]: Field, first: string): Measure {
  const { resource, column } = splitSource(
    view.text('source') ?? '',
    view.text('resource') ?? first,
  );
  return {
    name,
    pointer: view.pointer,
    resource,
    column,
    currency: view.text('currency') ?? '',
    factor: view.id('factor') ?? '1',
  };
}

/** Version 0.2 writes `resource/column` in one text. */
function splitSource(source: string, resource: string): { resource: string; column: string } {
  const slash = source.indexOf('/');
  return slash === -1
    ? { resource, column: source }
    : { resource: source.slice(0, slash), column: source.slice(slash + 1) };
}

function readDimension([name, view]: Field, first: string): Dimension {
  const attributes = fieldsOf(view.object('attributes')).map(([own, attribute]): Attribute => {
    const labelFor = attribute.text('labelfor');
    const label = labelFor === undefined ? {} : { labelFor };
    const constant = attribute.id('constant');
    return constant === undefined
      ? {
          name: own,
          ...label,
          resource: attribute.text('resource') ?? first,
          column: attribute.text('source') ?? '',
        }
      : { name: own, ...label, constant };
  });
  const key = view.text('primaryKey');
  const keys = key === undefined ? view.texts('primaryKey') : [key];
  return { name, type: view.text('dimensionType') ?? 'other', attributes, keys };
}

function readMapping(mapping: JsonView, first: string): FiscalModel {
  const dimensions = Object.keys(mapping.json).flatMap((name): readonly Dimension[] => {
    const source = mapping.text(name) ?? mapping.object(name)?.text('id');
    if (name === 'amount' || source === undefined) {
      return [];
    }
    const title = mapping.object(name)?.text('title');
    const label =
      title === undefined ? [] : [{ name: 'title', labelFor: 'id', ...splitSource(title, first) }];
    const attributes = [{ name: 'id', ...splitSource(source, first) }, ...label];
    const type = name === 'date' ? 'datetime' : 'other';
    return [{ name, type, attributes, keys: ['id'] }];
  });
  const amount = mapping.object('amount');
  const measures = amount === undefined ? [] : [readMeasure(['amount', amount], first)];
  return { measures, dimensions };
}
