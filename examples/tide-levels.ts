import { Random } from 'rondo';

/**
 * Speeds of the largest tides in degrees an hour (Doodson 1921) and a height in metres for each, of a harbour that does
 * not exist.
 */
const constituents = [
  { name: 'M2', speed: 28.9841042, height: 1.52 },
  { name: 'S2', speed: 30.0, height: 0.54 },
  { name: 'N2', speed: 28.4397295, height: 0.31 },
  { name: 'K1', speed: 15.0410686, height: 0.21 },
  { name: 'O1', speed: 13.9430356, height: 0.17 },
  { name: 'M4', speed: 57.9682084, height: 0.12 },
];

/**
 * Hourly water levels in metres: the moon's and the sun's tides, weather that pushes the water for days, and a gauge
 * that is a centimetre or two off. Returned as CSV text with the columns `hour` and `level`.
 */
export function tideLevels({ hours = 4000, seed = 0 } = {}): string {
  const random = new Random(seed, 'tide levels');
  const phases = constituents.map(() => 360 * random.uniform());
  const lines = ['hour,level'];
  let surge = 0;
  for (let hour = 0; hour < hours; hour++) {
    surge = 0.98 * surge + 0.03 * random.normal();
    const tide = constituents.reduce(
      (sum, { speed, height }, i) => sum + height * Math.cos(((speed * hour + phases[i]) * Math.PI) / 180),
      0,
    );
    lines.push(`${hour},${(3 + tide + surge + 0.015 * random.normal()).toFixed(3)}`);
  }
  return `${lines.join('\n')}\n`;
}
