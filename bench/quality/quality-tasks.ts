import { unknownName } from '../../src/index.js';
import { characterModel } from './character-model.js';
import { filmClassifier } from './film-classifier.js';
import type { QualityTask } from './quality-task.js';
import { sentenceTranslator } from './sentence-translator.js';

export const qualityTasks: readonly QualityTask[] = [characterModel, filmClassifier, sentenceTranslator];

/** @throws UNKNOWN_NAME */
export function qualityTask(name: string): QualityTask {
  const found = qualityTasks.find((task) => task.name === name);
  if (found === undefined)
    throw unknownName(
      'bench:quality',
      'task',
      name,
      qualityTasks.map((task) => task.name),
    );
  return found;
}
