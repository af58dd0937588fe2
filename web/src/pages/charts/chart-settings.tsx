import { useAddress } from '../../api/address.js';
import { CheckField, SelectField } from '../../components/fields.js';
import { X_AXES, type XAxis } from './curves.js';

export interface ChartSettings {
  axis: XAxis;
  smoothing: number;
  isLog: boolean;
  text: string;
}

const MOST_SMOOTHING = 0.99;

/** How charts are drawn, out of the address. */
export function useChartSettings(): ChartSettings {
  const address = useAddress();
  const smoothing = Number(address.get('smooth') ?? 0);
  return {
    axis: X_AXES.map(([axis]) => axis).find((axis) => axis === address.get('x')) ?? 'iter',
    smoothing: smoothing >= 0 && smoothing <= MOST_SMOOTHING ? smoothing : 0,
    isLog: address.get('log') === '1',
    text: address.get('find') ?? '',
  };
}

export function ChartBar({ axis, smoothing, isLog, text }: ChartSettings) {
  const { set } = useAddress();
  return (
    <div class="toolbar chart-bar">
      <input
        class="input search"
        type="search"
        aria-label="Find a metric"
        placeholder="Find a metric"
        value={text}
        onInput={(event) => set({ find: event.currentTarget.value })}
      />
      <SelectField
        label="Horizontal axis"
        hideLabel
        value={axis}
        onChange={(x) => set({ x: x === 'iter' ? undefined : x })}
        options={X_AXES}
      />
      <label class="check">
        Smoothing
        <input
          type="range"
          min="0"
          max={MOST_SMOOTHING}
          step="0.01"
          value={smoothing}
          onInput={(event) =>
            set({ smooth: event.currentTarget.value === '0' ? undefined : event.currentTarget.value })
          }
        />
        <span class="number smoothing">{smoothing.toFixed(2)}</span>
      </label>
      <CheckField
        label="Logarithmic"
        checked={isLog}
        onChange={(log) => set({ log: log ? '1' : undefined })}
      />
    </div>
  );
}
