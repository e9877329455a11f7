import { env, InferenceSession, Tensor } from 'onnxruntime-web';
import type { Shape } from '../../src/shape.js';

env.wasm.numThreads = 1;
env.logLevel = 'error';

/** Numbers as they go into ONNX Runtime and come out. */
export interface RuntimeArray {
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
}

/** A model in ONNX Runtime: its own build in WebAssembly, which needs no compiled addon. */
export class RuntimeModel {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  static async open(bytes: Uint8Array): Promise<RuntimeModel> {
    return new RuntimeModel(await InferenceSession.create(bytes, { logSeverityLevel: 3 }));
  }

  get inputNames(): readonly string[] {
    return this.#session.inputNames;
  }

  get outputNames(): readonly string[] {
    return this.#session.outputNames;
  }

  /** By name, in the element types that the model asks for. */
  async run(inputs: Readonly<Record<string, RuntimeArray>>): Promise<Record<string, RuntimeArray>> {
    const feeds = Object.fromEntries(
      this.#session.inputMetadata.map((input) => {
        const { shape, data } = inputs[input.name];
        const isWhole = input.isTensor && input.type === 'int64';
        const values = isWhole ? BigInt64Array.from(data, (x) => BigInt(x)) : Float32Array.from(data);
        return [input.name, isWhole ? new Tensor('int64', values, shape) : new Tensor('float32', values, shape)];
      }),
    );
    const results = await this.#session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, { dims, data }]) => [
        name,
        { shape: [...dims], data: Array.from(data as ArrayLike<number | bigint>, Number) },
      ]),
    );
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}
