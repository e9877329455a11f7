/** Longest stretch of computing before timers, input and signals of the host get a turn. */
const longestStretchMs = 40;

let lastTurn = 0;

/** Node's, where there is one. */
declare const setImmediate: ((work: () => void) => void) | undefined;

/** Whether the host has waited long enough to be given a turn. */
export function hostIsWaiting(): boolean {
  return performance.now() - lastTurn > longestStretchMs;
}

/** Lets the host handle its events, once. */
export async function yieldToHost(): Promise<void> {
  await new Promise<void>((resolve) => {
    // Timers of 0 ms cost up to 4 ms in browsers; Node has something quicker, browsers have message channels.
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(0);
    }
  });
  lastTurn = performance.now();
}
