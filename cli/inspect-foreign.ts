import {
  drawModel,
  drawOnnx,
  type Model,
  type ModelFormatName,
  modelFormatOf,
  OnnxModel,
  RondoError,
  readStateDict,
} from '../src/index.js';
import { load } from '../src/node.js';
import type { Answer } from './answer.js';
import { printable } from './terminal/printable.js';
import { counted, fileSize, textTable } from './text-table.js';

/** What is shown of a model of another program. */
interface Inspected {
  readonly drawing: string | undefined;
  readonly answer: Answer & { readonly sections: readonly string[] };
}

/** The format of a file of another program; undefined for this library's own. @throws FILE_FORMAT where no reader knows it */
export function foreignFormatOf(bytes: Uint8Array, path: string): ModelFormatName | undefined {
  const format = modelFormatOf(bytes, path);
  return format === 'rondo' ? undefined : format;
}

/** A model of another program as it is read, or the tensors of a file that leaves open what they compute. */
export async function inspectForeign(
  bytes: Uint8Array,
  path: string,
  format: ModelFormatName,
  draws: boolean,
): Promise<Inspected> {
  const size = fileSize(bytes.length);
  const facts = { path, sizeBytes: bytes.length, format };
  let read: Awaited<ReturnType<typeof load>>;
  try {
    read = await load(path, { format });
  } catch (error) {
    const isOpen = error instanceof RondoError && error.code === 'USAGE' && error.facts.option === 'layers';
    if (!isOpen || format !== 'pytorch' || draws) throw error;
    return stateDictAlone(await readStateDict(bytes, path), `${printable(path)}: ${size}, ${format}`, facts, error);
  }
  const { model, matched, leftOver, notes } = read;
  const rows = matched.map(({ source, kind, layers }) => [printable(source), kind, layers.map(printable).join(' ')]);
  const all = [...notes, ...(leftOver.length === 0 ? [] : [`left over: ${leftOver.map(printable).join(', ')}`])];
  const heading = `${printable(path)}: ${size}, ${format}`;
  if (model instanceof OnnxModel) {
    const parameters = [...model.constants.values()].reduce((sum, constant) => sum + constant.size, 0);
    return {
      drawing: draws ? drawOnnx(model, path) : undefined,
      answer: {
        facts: { ...facts, parameters, inputs: model.inputs, outputs: model.outputs, nodes: model.nodes },
        sections: [
          heading,
          textTable(
            ['', 'name', 'type', 'shape'],
            [
              ...model.inputs.map((edge) => edgeRow(model.initialStates.has(edge.name) ? 'state' : 'input', edge)),
              ...model.outputs.map((edge) => edgeRow('output', edge)),
            ],
          ),
          textTable(
            ['operator', 'node', 'gives'],
            model.nodes.map(({ operator, name, outputs }) => [
              printable(operator),
              printable(name),
              outputs.map(printable).join(' '),
            ]),
          ),
          `${counted(model.nodes.length, 'node')}, ${counted(parameters, 'number')} of the file`,
        ],
        notes: all,
      },
    };
  }
  return {
    drawing: draws ? drawModel(model as Model) : undefined,
    answer: {
      facts: {
        ...facts,
        parameters: model.countParams(),
        architecture: { className: model.className, config: model.getConfig() },
        matched,
        leftOver,
      },
      sections: [heading, ...(rows.length === 0 ? [] : [textTable(['from', 'kind', 'layers'], rows)]), model.summary()],
      notes: all,
    },
  };
}

function stateDictAlone(
  state: Awaited<ReturnType<typeof readStateDict>>,
  heading: string,
  facts: object,
  open: RondoError,
): Inspected {
  const tensors = [...state].map(([name, { shape, storedDtype }]) => ({ name, dtype: storedDtype, shape }));
  return {
    drawing: undefined,
    answer: {
      facts: { ...facts, tensors },
      sections: [
        heading,
        textTable(
          ['tensor', 'type', 'shape'],
          tensors.map(({ name, dtype, shape }) => [printable(name), dtype, `[${shape.join(', ')}]`]),
        ),
      ],
      notes: [`no model is made of it without more: ${open.facts.what}`],
    },
  };
}

function edgeRow(kind: string, { name, type, shape }: OnnxModel['inputs'][number]): string[] {
  return [kind, printable(name), type, shape === undefined ? '' : `[${shape.map((axis) => axis ?? 'any').join(', ')}]`];
}
