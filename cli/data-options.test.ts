import { describe, expect, it } from 'vitest';
import { refuseForecastOptions } from './data-options.js';

describe('refuseForecastOptions', () => {
  it('names all options of forecasts that a model of another task would ignore', () => {
    const given = { decimal: undefined, time: 'date', 'time-format': 'DD/MM/YYYY' };
    expect(() => refuseForecastOptions('rondo predict', 'languageModel', given)).toThrow(
      '--time, --time-format can be used with forecasts only',
    );
    expect(() =>
      refuseForecastOptions('rondo evaluate', 'tag', { decimal: 'comma', time: undefined, 'time-format': undefined }),
    ).toThrow('leave --decimal out');
  });
  it('lets a forecaster have them, and other models none', () => {
    refuseForecastOptions('rondo predict', 'forecast', { decimal: 'point', time: 'date', 'time-format': undefined });
    refuseForecastOptions('rondo predict', 'classify', {
      decimal: undefined,
      time: undefined,
      'time-format': undefined,
    });
  });
});
