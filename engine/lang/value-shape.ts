import { isList, isObject, type Json } from '../base/json.ts';
import { ANY, BOOLEAN, elementOf, INTEGER, listOf, NULL, NUMBER, type Shape, STRING, union } from './shape.ts';

/** The shape of a value that is known now, exactly: texts, numbers and booleans keep their value. */
export function shapeOfValue(value: Json): Shape {
  if (value === null) return NULL;
  if (typeof value === 'boolean') return { type: 'boolean', value };
  if (typeof value === 'number') return { type: 'number', integer: Number.isInteger(value), values: [value] };
  if (typeof value === 'string') return { type: 'string', values: [value] };
  if (isList(value)) return listOf(union(...value.map(shapeOfValue)));
  if (!isObject(value)) return ANY;
  return {
    type: 'object',
    fields: new Map(Object.entries(value).map(([name, field]) => [name, { shape: shapeOfValue(field), required: true }])),
    exact: true,
  };
}

/** The shape with the values of texts, numbers and booleans forgotten: what another value in the same place would be. */
export function widened(shape: Shape): Shape {
  switch (shape.type) {
    case 'boolean':
      return BOOLEAN;
    case 'number':
      return shape.integer ? INTEGER : NUMBER;
    case 'string':
      return STRING;
    case 'list':
      return listOf(widened(elementOf(shape)));
    case 'object':
      return {
        ...shape,
        fields: new Map([...shape.fields].map(([name, field]) => [name, { ...field, shape: widened(field.shape) }])),
      };
    case 'union':
      return union(...shape.of.map(widened));
    default:
      return shape;
  }
}

/**
 * The shape with single values forgotten: `mode: '"fast"'` is a switch somebody will turn, not a promise.
 * Values that tell alternatives apart stay.
 */
export function settledLiterals(shape: Shape): Shape {
  switch (shape.type) {
    case 'string':
      return shape.values?.length === 1 ? STRING : shape;
    case 'number':
      return shape.values?.length === 1 ? (shape.integer ? INTEGER : NUMBER) : shape;
    case 'boolean':
      return { type: 'boolean' };
    case 'list':
      return shape.tuple === undefined ? listOf(settledLiterals(shape.element)) : { ...shape, tuple: shape.tuple.map(settledLiterals) };
    case 'object':
      return {
        ...shape,
        fields: new Map([...shape.fields].map(([name, field]) => [name, { ...field, shape: settledLiterals(field.shape) }])),
      };
    default:
      return shape;
  }
}
